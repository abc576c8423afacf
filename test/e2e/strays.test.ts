import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { filmsOf, filmSite } from "./film-site.ts";

test(
  "pages that belong to nothing go, when the manifest was lost or whoever wrote them died",
  { timeout: 60_000 },
  async () => {
    const site = filmSite(filmsOf(20));
    await build(site.folder);
    const before = site.pages();
    site.write("dist/films/stray/index.html", site.read("dist/films/film-1/index.html"));
    await build(site.folder);
    expect(site.pages(), "nobody died: nobody looks").not.toEqual(before);
    site.remove(".rekiln");
    // As a process leaves it that is killed between a folder and the first file in it.
    mkdirSync(join(site.folder, "dist/films/killed/here"), { recursive: true });
    await build(site.folder);
    expect(site.pages()).toEqual(before);
  },
);

test("a page that lost its end is written again", { timeout: 60_000 }, async () => {
  const site = filmSite(filmsOf(20));
  await build(site.folder);
  const before = site.pages();
  site.write("dist/films/film-1/index.html", site.read("dist/films/film-1/index.html").slice(0, 40));
  await build(site.folder);
  expect(site.pages()).toEqual(before);
});
