import { expect, test } from "vitest";

import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { countDeletes, deletesInHour } from "../../../src/press/deletes.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

test("removals of an hour are counted together, whichever way the clocks of workers differ", () => {
  using manifest = new SqliteManifest(":memory:");
  expect(countDeletes(manifest, 2, 3, NOW + 20 * MINUTE)).toBe(true);
  expect(countDeletes(manifest, 2, 3, NOW)).toBe(false);
  expect(countDeletes(manifest, 1, 3, NOW)).toBe(true);
  expect(deletesInHour(manifest, NOW + 10 * MINUTE)).toBe(3);
  expect(countDeletes(manifest, 1, 3, NOW + 30 * MINUTE)).toBe(false);
  expect(countDeletes(manifest, 3, 3, NOW + 90 * MINUTE)).toBe(true);
});

test("a clock that was wrong by a year holds nobody back", () => {
  using manifest = new SqliteManifest(":memory:");
  expect(countDeletes(manifest, 3, 3, NOW + 365 * 24 * 60 * MINUTE)).toBe(true);
  expect(countDeletes(manifest, 3, 3, NOW)).toBe(true);
});
