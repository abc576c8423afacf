import { expect, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import { AffectedPages } from "../../../src/press/affected-pages.ts";

function filled(pages: Readonly<Record<string, number>>, limit: number, namesRoutes: boolean): AffectedPages {
  const affected = new AffectedPages(limit, namesRoutes);
  for (const [route, count] of Object.entries(pages)) {
    for (let n = 0; n < count; n++) affected.add(pageKey(route, n, 1));
  }
  return affected;
}

test("as many pages as the limit are named, each once", () => {
  const affected = filled({ film: 2, genre: 3 }, 5, true);
  affected.add(pageKey("film", 0, 1));
  expect(affected.isFull).toBe(false);
  expect([affected.named.size, ...affected.routes]).toEqual([5]);
});

test("above it there are too many", () => {
  expect(filled({ film: 2, genre: 4 }, 5, false).isFull).toBe(true);
});

test("where routes may stand for them, the one with the most pages does, and the pages of the others are named", () => {
  const affected = filled({ film: 2, genre: 4, home: 1 }, 5, true);
  affected.add(pageKey("genre", 99, 1));
  expect(affected.isFull).toBe(false);
  expect([...affected.routes]).toEqual(["genre"]);
  expect([...affected.named]).toEqual([pageKey("film", 0, 1), pageKey("film", 1, 1), pageKey("home", 0, 1)]);
});
