import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";
import { z } from "zod";

import { build, rekiln } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";

/** What is recorded of the site: its record, and the manifests. */
function records(site: TemporarySite): ReadonlyMap<string, string> {
  const state = join(site.folder, ".rekiln");
  const manifests = readdirSync(state).filter((name) => name.startsWith("manifest-"));
  const files = [...manifests.map((name) => join(state, name)), join(site.folder, "dist/.rekiln/site.json")];
  return new Map(files.map((file) => [file, readFileSync(file, "latin1")]));
}

const NUMBERS = [
  "pages",
  "written",
  "unchanged",
  "removed",
  "withheld",
  "failed",
  "collided",
  "whole",
  "static",
] as const;

test("--dry-run writes nothing and foresees what the next build does", async () => {
  const site = filmSite(filmsOf(40));
  const clean = await build(site.folder, "--dry-run");
  expect(clean).toMatchObject({ exitCode: 0, dryRun: true });
  expect(site.files().filter((file) => file !== "/")).toEqual([]);
  const first = await build(site.folder);
  for (const name of NUMBERS) expect(clean[name], name).toEqual(first[name]);

  const films = filmsOf(40).toSpliced(4, 2);
  const edited = [...films.slice(0, 8), { ...filmOf(100), rating: 9.99 }, ...films.slice(8)];
  site.records(
    "film",
    edited.map((film) => (film.id === "30" ? { ...film, title: "Other", slug: "other" } : film)),
  );
  site.edit("templates/partials/films.eta", "<ul>", '<ul class="films">');
  site.write("static/robots.txt", "User-agent: *\n");
  const [marks, recorded] = [site.marks(), records(site)];

  const foreseen = await build(site.folder, "--dry-run");
  const { stdout } = await rekiln(site.folder, "build", "--dry-run");

  // Which pages, where, and why.
  expect(foreseen.wouldWrite).toEqual(
    expect.arrayContaining([
      { page: "film/30", path: "/films/other/", reason: "moved", because: "changes" },
      { page: "film/100", path: "/films/film-100/", reason: "new", because: "changes" },
      { page: "films", path: "/films/", reason: "changed", because: "templates" },
    ]),
  );
  expect(foreseen.wouldWrite).toHaveLength(foreseen.wrote);
  expect(foreseen.wouldRemove).toEqual([
    { page: "film/5", path: "/films/film-5/" },
    { page: "film/6", path: "/films/film-6/" },
  ]);
  expect(stdout).toMatch(
    /^would be written:\n(?: {2}\w+ {2}\/.*\n){20} {2}and 18 more \(--json lists them\)\nwould be removed:\n {2}\/films\/film-5\/ {2}film\/5\n/m,
  );
  expect(stdout).toMatch(
    /^ {2}moved {2}\/films\/other\/ {2}film\/30 {2}\(its data changed, or it had failed or is due\)$/m,
  );
  expect(differences(marks, site.marks())).toEqual([]);
  expect(differences(recorded, records(site))).toEqual([]);
  const real = await build(site.folder);
  expect(real).toMatchObject({ removed: 2, exitCode: 0 });
  for (const name of NUMBERS) expect(foreseen[name], name).toEqual(real[name]);
  expect(await build(site.folder, "--dry-run")).toMatchObject({ exitCode: 0, wrote: 0, removed: 0 });
});

test("--dry-run foresees withheld deletions too", async () => {
  const site = filmSite(filmsOf(120));
  await build(site.folder);
  site.records("film", filmsOf(3));
  const marks = site.marks();
  const foreseen = await build(site.folder, "--dry-run");
  expect(differences(marks, site.marks())).toEqual([]);
  const real = await build(site.folder);
  for (const name of NUMBERS) expect(foreseen[name], name).toEqual(real[name]);
  expect(foreseen.exitCode).toBe(3);
});

test("--force renders everything, and writes nothing that is equal", async () => {
  const site = filmSite(filmsOf(20));
  const { pages } = await build(site.folder);
  const marks = site.marks();

  const forced = await build(site.folder, "--force");

  expect(forced).toMatchObject({ exitCode: 0, pressed: pages, unchanged: pages, wrote: 0, whole: { film: "forced" } });
  expect(differences(marks, site.marks())).toEqual([]);
});

test("the number of threads changes no byte", async () => {
  const site = filmSite(filmsOf(300));
  const other = site.copy();
  await build(site.folder, "--concurrency", "1");
  await build(other.folder, "--concurrency", "3");
  expect(differences(site.pages(), other.pages())).toEqual([]);
});

test("results stand on stdout, progress on stderr; --json prints one object", async () => {
  const site = filmSite(filmsOf(10));
  const text = await rekiln(site.folder, "build");
  expect(text.stdout).toMatch(/^\d+ pages in dist\n {2}written +\d+ new \d+\n/);
  expect(text.stdout).toMatch(/pages pressed, \d+ a second, .* peak memory\n/);

  site.records("film", [...filmsOf(10), { id: "bad" }]);
  const { stdout, stderr, code } = await rekiln(site.folder, "build", "--json");
  expect(code).toBe(1);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  const summary = z.looseObject({ schema: z.literal("rekiln.build.1"), exitCode: z.literal(1) });
  expect(summary.safeParse(JSON.parse(stdout)).error).toBeUndefined();
  expect(stderr).toContain("data/film.ndjson:11: ");
});

test("progress is said every few seconds while a build runs", async () => {
  const site = filmSite(filmsOf(40));
  // Slow enough to outlast the first line of progress, by a clock that the build doesn't see.
  site.edit(
    "templates/film.eta",
    "<h1>",
    "<% Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200) %><h1>",
  );
  const { stdout, stderr, code } = await rekiln(site.folder, "build", "--concurrency", "1");
  expect(code).toBe(0);
  expect(stderr).toMatch(/^pressing pages: /m);
  expect(stdout).not.toContain("pressing");
});
