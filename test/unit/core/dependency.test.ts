import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { changesMembership, pagesOf, touchesWindow } from "../../../src/core/dependency.ts";
import type { Window } from "../../../src/core/dependency.ts";
import type { OrderField, WhereValues } from "../../../src/core/entity.ts";
import { compareSortKeys } from "../../../src/core/order.ts";
import { satisfies, sortKeyOf } from "../../../src/core/tuple.ts";
import type { Tuple } from "../../../src/core/tuple.ts";

const genre = fc.constantFrom("a", "b");
const rating = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(null));
const tupleOf = (id: string): fc.Arbitrary<Tuple> =>
  fc
    .record({ genres: fc.array(genre, { maxLength: 2 }), rating, title: fc.constantFrom("x", "y") })
    .map((fields) => ({ id, fields }));

interface Case {
  readonly others: readonly Tuple[];
  readonly before: Tuple | null;
  readonly after: Tuple | null;
  readonly where: WhereValues;
  readonly order: readonly OrderField[];
  readonly offset: number;
  readonly limit: number;
}

/** Up to eight entities, one of which changes; its id stands among the others' so that ties fall both ways. */
const change: fc.Arbitrary<Case> = fc.record({
  others: fc
    .uniqueArray(fc.constantFrom("1", "2", "3", "5", "6", "7", "8", "9"), { maxLength: 8 })
    .chain((ids) => fc.tuple(...ids.map(tupleOf))),
  before: fc.option(tupleOf("4"), { freq: 4 }),
  after: fc.option(tupleOf("4"), { freq: 4 }),
  where: fc.constantFrom<WhereValues>({}, { genres: "a" }, { genres: ["a", "b"] }, { genres: "a", title: "x" }),
  order: fc.constantFrom<readonly OrderField[]>(
    [],
    [{ field: "rating", descending: true }],
    [{ field: "id", descending: true }],
    [
      { field: "title", descending: false },
      { field: "rating", descending: true },
    ],
  ),
  offset: fc.constantFrom(0, 1, 2, 3),
  limit: fc.integer({ min: 1, max: 4 }),
});

function listOf({ others, where, order }: Case, changed: Tuple | null): readonly Tuple[] {
  return (changed === null ? others : [...others, changed])
    .filter((tuple) => satisfies(where, tuple))
    .toSorted((left, right) => compareSortKeys(order, sortKeyOf(order, left), sortKeyOf(order, right)));
}

/** Cut as `PageReader.window` does: the first row where rows stand above, the last where the window is full. */
function windowOf(one: Case): { readonly window: Window; readonly rows: readonly Tuple[] } {
  const { where, order, offset, limit } = one;
  const rows = listOf(one, one.before).slice(offset, offset + limit);
  const [first, last] = [rows[0], rows.at(-1)];
  return {
    rows,
    window: {
      where,
      order,
      ...(offset > 0 && first !== undefined ? { first: sortKeyOf(order, first) } : {}),
      ...(rows.length === limit && last !== undefined ? { last: sortKeyOf(order, last) } : {}),
    },
  };
}

const idsOf = (tuples: readonly Tuple[]): string => tuples.map(({ id }) => id).join();

describe("a window", () => {
  test("is touched by every change that alters its rows or their order", () => {
    let altered = 0;
    fc.assert(
      fc.property(change, (one) => {
        const { window, rows } = windowOf(one);
        const now = listOf(one, one.after).slice(one.offset, one.offset + one.limit);
        if (idsOf(now) === idsOf(rows)) return;
        altered++;
        expect(touchesWindow(window, one.before, one.after)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    expect(altered).toBeGreaterThan(3000);
  });

  test("is not touched by what happens strictly below a full one, above it, or outside of its list", () => {
    let apart = 0;
    fc.assert(
      fc.property(change, (one) => {
        const { window } = windowOf(one);
        const { order, where, before, after } = one;
        const side = (tuple: Tuple | null): string => {
          if (tuple === null || !satisfies(where, tuple)) return "out";
          const key = sortKeyOf(order, tuple);
          if (window.first !== undefined && compareSortKeys(order, key, window.first) < 0) return "above";
          return window.last !== undefined && compareSortKeys(order, key, window.last) > 0 ? "below" : "inside";
        };
        const sides = new Set([side(before), side(after)]);
        const isApart = sides.isSubsetOf(new Set(["out", "below"])) || sides.isSubsetOf(new Set(["above"]));
        if (!isApart) return;
        apart++;
        expect(touchesWindow(window, before, after)).toBe(false);
        const now = listOf(one, after).slice(one.offset, one.offset + one.limit);
        expect(idsOf(now)).toBe(idsOf(windowOf(one).rows));
      }),
      { numRuns: 20_000 },
    );
    expect(apart).toBeGreaterThan(3000);
  });

  const order = [{ field: "rating", descending: true }];
  const film = (rating: number, id = "4"): Tuple => ({ id, fields: { rating, genres: "drama" } });
  const window: Window = {
    where: { genres: "drama" },
    order,
    first: { values: [8], id: "2" },
    last: { values: [5], id: "6" },
  };

  test.each([
    ["a row that stays at its place", film(6), film(6), false],
    ["a row that moves within", film(6), film(7), true],
    ["a row that comes in", film(1), film(6), true],
    ["a row that is made within", null, film(6), true],
    ["a row that is deleted within", film(6), null, true],
    ["a row that leaves the list", film(6), { id: "4", fields: { rating: 6, genres: "noir" } }, true],
    ["a row that passes over it", film(1), film(9), true],
    ["a row that is made above", null, film(9), true],
    ["a row that moves above", film(9), film(10), false],
    ["a row that is made below", null, film(1), false],
    ["a row that moves below", film(1), film(2), false],
    ["a tie of its first row with a lower id, above", null, film(8, "1"), true],
    ["a tie of its last row with a higher id, below", null, film(5, "7"), false],
    ["a tie of its last row with a lower id, within", null, film(5, "5"), true],
  ])("is told of %s: %#", (_, before, after, touches) => {
    expect(touchesWindow(window, before, after)).toBe(touches);
  });

  test("that isn't full is open: everything below belongs to it", () => {
    const open: Window = { where: {}, order };
    expect(touchesWindow(open, null, film(-1))).toBe(true);
  });
});

test("membership changes when an entity comes into or leaves the list of a condition", () => {
  const noir: Tuple = { id: "4", fields: { genres: "noir" } };
  const drama: Tuple = { id: "4", fields: { genres: ["drama", "noir"] } };
  const where = { genres: "drama" };
  expect(changesMembership(where, null, drama)).toBe(true);
  expect(changesMembership(where, drama, noir)).toBe(true);
  expect(changesMembership(where, drama, null)).toBe(true);
  expect(changesMembership(where, null, noir)).toBe(false);
  expect(changesMembership(where, drama, drama)).toBe(false);
  expect(changesMembership({}, null, noir)).toBe(true);
  expect(changesMembership(where, null, null)).toBe(false);
});

test.each([
  [0, 10, 1],
  [1, 10, 1],
  [10, 10, 1],
  [11, 10, 2],
  [20, 10, 2],
  [21, 10, 3],
  [3, 1, 3],
])("%i rows with %i a page are %i pages", (total, perPage, pages) => {
  expect(pagesOf(total, perPage)).toBe(pages);
});
