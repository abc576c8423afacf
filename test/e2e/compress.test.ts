import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";

const isTwin = (file: string): boolean => /\.(?:br|gz)$/.test(file);

/** The files that have twins; each twin must hold its file's very bytes. */
function twinsOf(site: TemporarySite): readonly string[] {
  const files = site.files();
  for (const twin of files.filter(isTwin)) {
    const bytes = (file: string): Buffer => readFileSync(join(site.folder, "dist", file));
    const unpacked = twin.endsWith(".br") ? brotliDecompressSync(bytes(twin)) : gunzipSync(bytes(twin));
    expect(unpacked.equals(bytes(twin.replace(/\.(?:br|gz)$/, ""))), twin).toBe(true);
  }
  return files.filter(isTwin).toSorted();
}

test("twins follow the pages through builds, edits, removals and the config", { timeout: 120_000 }, async () => {
  const site = filmSite(filmsOf(60));
  site.write("static/site.css", "p { color: red }\n".repeat(100));
  site.edit("rekiln.config.ts", "source: files", 'compress: ["br", "gzip"],\n  source: files');

  const first = await build(site.folder);
  expect(first).toMatchObject({ exitCode: 0, failed: 0 });
  const twins = twinsOf(site);
  expect(twins).toEqual(expect.arrayContaining(["films/index.html.br", "films/index.html.gz", "site.css.br"]));
  expect(twins.some((twin) => /^site\.[0-9a-f]{16}\.css\.gz$/.test(twin))).toBe(true);
  expect(twins.some((twin) => twin.startsWith("films/film-1/"))).toBe(false);
  expect(await build(site.folder)).toMatchObject({ wrote: 0, pressed: 0 });

  site.records("film", [{ ...filmOf(1), title: "Renamed" }, ...filmsOf(60).slice(1)]);
  await build(site.folder);
  expect(twinsOf(site)).toEqual(twins);
  expect(gunzipSync(readFileSync(join(site.folder, "dist/films/index.html.gz"))).toString()).toContain("Renamed");

  // As if a build had been killed, or a twin lost.
  site.remove("dist/films/index.html.gz");
  await build(site.folder, "--force");
  expect(twinsOf(site)).toEqual(twins);

  site.edit("rekiln.config.ts", '["br", "gzip"]', '["gzip"]');
  await build(site.folder);
  expect(twinsOf(site)).toEqual(twins.filter((twin) => twin.endsWith(".gz")));
  site.edit("rekiln.config.ts", 'compress: ["gzip"],', "");
  await build(site.folder);
  expect(twinsOf(site)).toEqual([]);
  site.edit("rekiln.config.ts", "source: files", 'compress: ["br", "gzip"],\n  source: files');
  expect(await build(site.folder)).toMatchObject({ wrote: 0 });
  expect(twinsOf(site)).toEqual(twins);
});

test("a page or a static file of a twin's name is refused by name", async () => {
  const site = filmSite(filmsOf(2));
  site.write("static/site.css.gz", "mine");
  site.edit("rekiln.config.ts", "source: files", 'compress: ["gzip"],\n  source: files');
  site.edit("rekiln.config.ts", '"/search.json"', '"/feed.xml.gz"');
  const { errors, exitCode, stderr } = await build(site.folder);
  expect(exitCode).toBe(1);
  expect(errors).toEqual([expect.stringContaining("kept for a precompressed twin")]);
  expect(stderr).toContain("static/site.css.gz has the name of a precompressed twin");
});
