import { expect, test } from "vitest";

import { notePace, paceOf, secondsFor } from "../../../src/press/pace.ts";
import { MemoryManifest } from "../../sim/memory-manifest.ts";

test("nothing is known before a page was measured", () => {
  const manifest = new MemoryManifest();
  notePace(manifest, { pages: 0, ms: 12, threads: 2 });
  expect(paceOf(manifest)).toBeUndefined();
  manifest.setMeta("pace", "not numbers");
  expect(paceOf(manifest)).toBeUndefined();
});

test("a small build moves what a large one measured by its share", () => {
  const manifest = new MemoryManifest();
  notePace(manifest, { pages: 900, ms: 900, threads: 2 });
  notePace(manifest, { pages: 100, ms: 1100, threads: 4 });
  expect(paceOf(manifest)).toEqual({ msPerPage: 2, pages: 1000, threads: 4 });
});

test("what was measured long ago gives way", () => {
  const manifest = new MemoryManifest();
  notePace(manifest, { pages: 1_000_000, ms: 1_000_000, threads: 2 });
  notePace(manifest, { pages: 10_000, ms: 30_000, threads: 2 });
  expect(paceOf(manifest)?.msPerPage).toBe(2);
});

test("one page is rendered by one thread", () => {
  const pace = { msPerPage: 4, pages: 10, threads: 4 };
  expect(secondsFor(pace, 0)).toBe(0);
  expect(secondsFor(pace, 1)).toBe(0.004);
  expect(secondsFor(pace, 1000)).toBe(1);
});
