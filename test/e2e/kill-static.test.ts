import { once } from "node:events";
import { mkdirSync, truncateSync, watch } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, Running } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";

/** Kills a build as soon as a file is in its output. */
async function killOnce(site: TemporarySite, isThere: (files: readonly string[]) => boolean): Promise<void> {
  mkdirSync(join(site.folder, "dist"), { recursive: true });
  const watcher = watch(join(site.folder, "dist"));
  const running = new Running(site.folder, ["build"]);
  const tooLate = running.ended.then(() => {
    throw new Error("it ended before it could be killed");
  });
  while (!isThere(site.files())) await Promise.race([once(watcher, "change"), tooLate]);
  watcher.close();
  running.kill("SIGKILL");
  await expect(tooLate).rejects.toThrow();
}

async function finishes(site: TemporarySite): Promise<void> {
  const finished = await build(site.folder);
  expect(finished).toMatchObject({ exitCode: 0, failed: 0 });
  expect(site.leftovers()).toEqual([]);
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0, static: { written: [], removed: [] } });
}

test("a style sheet's copy that a killed build made goes when the next build has another", async () => {
  const site = filmSite(filmsOf(400));
  await build(site.folder);
  site.write("static/site.css", "body { color: green; }\n");
  await killOnce(site, (files) => files.filter((file) => /^site\.[0-9a-f]+\.css$/.test(file)).length > 1);

  site.write("static/site.css", "body { color: blue; }\n");

  await finishes(site);
});

test("static files that a killed build copied are its own to the next one", async () => {
  const site = filmSite(filmsOf(3));
  site.write("static/a.txt", "first\n");
  // Copied next, and for long enough to be killed meanwhile.
  site.write("static/b.bin", "");
  truncateSync(join(site.folder, "static/b.bin"), 64 << 20);
  await killOnce(site, (files) => files.includes("a.txt"));
  expect(site.files()).toEqual(["a.txt"]);

  site.remove("static/b.bin");
  site.write("static/a.txt", "second\n");

  await finishes(site);
});
