import { expect, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import { SLOTS, slotOf } from "../../../src/core/slot.ts";

test("a page's slot is the same for ever: it is stored", () => {
  const keys = [pageKey("film", "1", 1), pageKey("film", "1", 2), pageKey("home", undefined, 1)];
  expect(keys.map(slotOf)).toEqual([2250, 2905, 3123]);
});

test("the pages of a route are spread evenly", () => {
  const slots = Array.from({ length: 100_000 }, (_, n) => slotOf(pageKey("film", String(n), 1)));
  expect(slots.every((slot) => Number.isInteger(slot) && slot >= 0 && slot < SLOTS)).toBe(true);
  for (const shards of [2, 8, 64]) {
    const counts = new Uint32Array(shards);
    for (const slot of slots)
      counts[Math.floor(slot / (SLOTS / shards))] = (counts[Math.floor(slot / (SLOTS / shards))] ?? 0) + 1;
    const even = slots.length / shards;
    expect(Math.max(...counts)).toBeLessThan(even + 6 * Math.sqrt(even));
    expect(Math.min(...counts)).toBeGreaterThan(even - 6 * Math.sqrt(even));
  }
});
