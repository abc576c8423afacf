import {
  closeSync,
  futimesSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { distrustTorn, noteSynced, noteUnsynced } from "../../../src/press/unsynced.ts";
import type { PageKey } from "../../../src/core/page.ts";
import { DirectoryPageStore } from "../../../src/store/directory.ts";
import { LOCAL_MANIFEST } from "../../../src/site/check-manifest.ts";
import { openManifest, openRecord } from "../../../src/system/site-state.ts";
import type { ModelRoute } from "../../support/model-site.ts";
import { PLAIN_ROUTE, SmallSite } from "../../support/small-site.ts";

const BEFORE = "the machine's first run";
const AFTER = "its second run";
const LONG_MS = 3_600_000;
const bySlug: ModelRoute = {
  ...PLAIN_ROUTE,
  each: { type: 0 },
  named: "slug",
  shape: "folder",
  steps: [],
  prints: [[{ print: "subject", use: ["title"] }]],
};

async function builtSite(): Promise<SmallSite> {
  const site = new SmallSite([bySlug], { a: { slug: "one", title: "A" }, b: { slug: "two", title: "B" } });
  await site.build();
  return site;
}

/** Opens a site as a worker does, and finds what a power failure tore. */
function tornOf(site: SmallSite, boot: string, note?: (manifest: Parameters<typeof distrustTorn>[0]) => void) {
  const store = new DirectoryPageStore(site.folders.store, "test");
  using manifest = openManifest(site.folders.state, openRecord(store, "").record, LOCAL_MANIFEST).manifest;
  note?.(manifest);
  return distrustTorn(manifest, store, boot);
}

/** Leaves a file its name, size and time, and takes its bytes: what a file system may do that was cut off. */
function tear(file: string): void {
  const { size, atime, mtimeMs } = statSync(file);
  const opened = openSync(file, "r+");
  writeSync(opened, Buffer.alloc(size));
  futimesSync(opened, atime, mtimeMs / 1000);
  closeSync(opened);
}

const pageOf = (site: SmallSite, slug: string): string => join(site.folders.store, slug, "index.html");

test("after a power failure a torn page with its old size and time is found, and the next build writes it again", async () => {
  const site = await builtSite();
  const whole = readFileSync(pageOf(site, "one"), "utf8");
  expect(tornOf(site, BEFORE, (manifest) => noteUnsynced(manifest, BEFORE, Date.now() - LONG_MS))).toEqual([]);
  tear(pageOf(site, "one"));
  // While the machine runs nothing is read: only its end can have torn anything.
  expect(tornOf(site, BEFORE)).toEqual([]);
  expect(tornOf(site, AFTER)).toEqual(["r/a" as PageKey]);
  const { tally } = await site.build();
  expect(tally.written).toMatchObject({ altered: 1, new: 0 });
  expect(readFileSync(pageOf(site, "one"), "utf8")).toBe(whole);
});

test("what was written long before the last sync isn't read again", async () => {
  const site = await builtSite();
  tear(pageOf(site, "one"));
  expect(tornOf(site, AFTER, (manifest) => noteSynced(manifest, BEFORE, Date.now() + LONG_MS))).toEqual([]);
});

test("a page cut to nothing, and one that is gone, are found by the next build as ever", async () => {
  const site = await builtSite();
  truncateSync(pageOf(site, "one"), 0);
  writeFileSync(pageOf(site, "two"), "");
  expect(tornOf(site, AFTER, (manifest) => noteUnsynced(manifest, BEFORE, Date.now() - LONG_MS))).toEqual([]);
  const { tally } = await site.build();
  expect(tally.written).toMatchObject({ altered: 2 });
});
