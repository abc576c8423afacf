import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { SqliteManifest } from "../../src/manifest/sqlite-manifest.ts";
import { noteSynced } from "../../src/press/unsynced.ts";
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

test(
  "the first whole build after the manifest was lost looks for them, though one route was built before",
  { timeout: 60_000 },
  async () => {
    const site = filmSite(filmsOf(20));
    await build(site.folder);
    const before = site.pages();
    site.write("dist/films/stray/index.html", site.read("dist/films/film-1/index.html"));
    site.remove(".rekiln");
    await build(site.folder, "--route", "film");
    expect(site.pages(), "a build of one route removes nothing that no row tells of").not.toEqual(before);
    await build(site.folder);
    expect(site.pages()).toEqual(before);
  },
);

test("a removed page that a power failure brought back goes with the next build", { timeout: 60_000 }, async () => {
  const site = filmSite(filmsOf(20));
  await build(site.folder);
  const bytes = site.read("dist/films/film-20/index.html");
  site.records("film", filmsOf(19));
  await build(site.folder);
  const after = site.pages();
  // The removal never came to the disk; that the page was removed did.
  site.write("dist/films/film-20/index.html", bytes);
  const name = readdirSync(join(site.folder, ".rekiln")).find((one) => /^manifest-.*\.db$/.test(one)) ?? "";
  using manifest = new SqliteManifest(join(site.folder, ".rekiln", name));
  noteSynced(manifest, "another run of the machine", Date.now());
  await build(site.folder);
  expect(site.pages()).toEqual(after);
});

test("a page that lost its end is written again", { timeout: 60_000 }, async () => {
  const site = filmSite(filmsOf(20));
  await build(site.folder);
  const before = site.pages();
  site.write("dist/films/film-1/index.html", site.read("dist/films/film-1/index.html").slice(0, 40));
  await build(site.folder);
  expect(site.pages()).toEqual(before);
});
