import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { compareSortKeys, compareValues, fromOrderKey, orderKey } from "../../../src/core/order.ts";
import type { Scalar } from "../../../src/core/read.ts";

/** Texts around the edges of UTF-16: the BMP above the surrogates, and what lies beyond it. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc
    .array(
      fc.constantFrom(
        "",
        "a",
        "b",
        "\0",
        "\u007F",
        "\u0080",
        "\uD7FF",
        "\uE000",
        "\uFFFD",
        "\uFFFF",
        "𐀀",
        "🎬",
        "\u{10FFFF}",
      ),
      {
        maxLength: 4,
      },
    )
    .map((parts) => parts.join("")),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, 0.1),
);
const value: fc.Arbitrary<Scalar | null> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 3, arbitrary: number },
  { weight: 4, arbitrary: text },
);

/** The order as the design puts it, written down without a thought for speed. */
function specOrder(left: Scalar | null, right: Scalar | null): number {
  const kind = (one: Scalar | null): number => ["object", "boolean", "number", "string"].indexOf(typeof one);
  if (kind(left) !== kind(right)) return kind(left) - kind(right);
  if (typeof left === "string" && typeof right === "string")
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (left === right) return 0;
  return Number(left) < Number(right) ? -1 : 1;
}

describe("the order of values", () => {
  test("is nulls, booleans, numbers, strings by UTF-8 bytes: in the keys' bytes and in comparisons", () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        const wanted = Math.sign(specOrder(left, right));
        // `+ 0`: the sign of a difference of zeros doesn't count.
        expect(Math.sign(compareValues(left, right)) + 0).toBe(wanted + 0);
        expect(Buffer.compare(orderKey(left), orderKey(right))).toBe(wanted + 0);
      }),
      { numRuns: 10_000 },
    );
  });

  test("puts what lies beyond the BMP last, though its code units don't stand there", () => {
    const sorted = [null, false, true, -2, 0, 1.5, "", "Z", "a", "\uD7FF", "\uE000", "\uFFFF", "𐀀", "🎬"];
    expect(sorted.toReversed().toSorted(compareValues)).toEqual(sorted);
    expect(sorted.toReversed().toSorted((a, b) => Buffer.compare(orderKey(a), orderKey(b)))).toEqual(sorted);
  });

  test("knows one zero", () => {
    expect(compareValues(-0, 0) === 0).toBe(true);
    expect(orderKey(-0)).toEqual(orderKey(0));
    expect(fromOrderKey(orderKey(-0))).toBe(0);
  });

  test("is told by the first field that differs, turned round where it descends, then by id", () => {
    const order = [
      { field: "rating", descending: true },
      { field: "title", descending: false },
    ];
    const rows = [
      { values: [9, "b"], id: "1" },
      { values: [9, "c"], id: "0" },
      { values: [9, "c"], id: "𐀀" },
      { values: [8, "a"], id: "a" },
      { values: [null, "a"], id: "a" },
    ];
    expect(rows.toReversed().toSorted((left, right) => compareSortKeys(order, left, right))).toEqual(rows);
    expect(compareSortKeys([], { values: [], id: "\uFFFF" }, { values: [], id: "𐀀" })).toBeLessThan(0);
  });
});

describe("fromOrderKey", () => {
  test("gives the value back that a key was made of", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(fromOrderKey(orderKey(given))).toBe(Object.is(given, -0) ? 0 : given);
      }),
      { numRuns: 5000 },
    );
  });

  test("keeps a byte order mark at the front", () => {
    expect(fromOrderKey(orderKey("\uFEFFa"))).toBe("\uFEFFa");
  });
});
