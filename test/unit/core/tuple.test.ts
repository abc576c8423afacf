import { describe, expect, test } from "vitest";

import type { EntityModel } from "../../../src/core/entity.ts";
import { anyOf, sameTuple, satisfies, sortKeyOf, sortValue, tupleOf, valuesOf } from "../../../src/core/tuple.ts";
import type { Tuple } from "../../../src/core/tuple.ts";
import { unchecked } from "../../../src/site/entities.ts";

const model = (index: readonly string[]): EntityModel => ({ name: "film", schema: unchecked(), index });
const tuple = (fields: Tuple["fields"], id = "1"): Tuple => ({ id, fields });

describe("the values of a field", () => {
  test.each([
    ["drama", ["drama"]],
    [0, [0]],
    [false, [false]],
    [null, []],
    [undefined, []],
    [[], []],
    [
      ["b", "a", "b", 1, "1"],
      ["b", "a", 1, "1"],
    ],
    [[null, { a: 1 }, "a"], ["a"]],
    [{ a: 1 }, []],
  ])("of %j are %j", (value, values) => {
    expect(valuesOf(value)).toEqual(values);
  });

  test("are sorted by their lowest, and none is null", () => {
    expect(sortValue(["b", 2, "a", true])).toBe(true);
    expect(sortValue([])).toBeNull();
    expect(sortValue({})).toBeNull();
    expect(sortValue(null)).toBeNull();
    expect(sortValue(7)).toBe(7);
  });
});

describe("a tuple", () => {
  test("holds the indexed fields and no others", () => {
    const made = tupleOf(model(["genres", "year", "gone"]), {
      id: "1",
      genres: ["b", "b"],
      year: 1979,
      title: "Alien",
    });
    expect({ ...made.fields }).toEqual({ genres: ["b"], year: 1979, gone: null });
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("holds no %s that nobody gave", (field) => {
    const made = tupleOf(model([field]), { id: "1" });
    expect(Object.hasOwn(made.fields, field)).toBe(true);
    expect(made.fields[field]).toBeNull();
    const given = tupleOf(model([field]), JSON.parse(`{"id":"1","${field}":"x"}`) as { id: string });
    expect(given.fields[field]).toBe("x");
    expect(satisfies({ [field]: "x" }, given)).toBe(true);
    expect(satisfies({ [field]: "x" }, made)).toBe(false);
  });

  test("is the same while no list can tell, also after it was stored", () => {
    const index = model(["a", "__proto__"]);
    const one = tupleOf(index, { id: "1", a: ["x"], title: "old" });
    const other = tupleOf(index, { id: "1", a: ["x"], title: "new" });
    // What was stored as text is a tuple again.
    const stored = JSON.parse(JSON.stringify(one)) as Tuple;
    expect(sameTuple(one, other)).toBe(true);
    expect(sameTuple(stored, other)).toBe(true);
    expect(sameTuple(one, tupleOf(index, { id: "1", a: "x" }))).toBe(false);
  });
});

describe("a condition", () => {
  test.each([
    [{}, {}, true],
    [{ genre: "drama" }, { genre: "drama" }, true],
    [{ genre: "drama" }, { genre: ["noir", "drama"] }, true],
    [{ genre: "drama" }, { genre: "Drama" }, false],
    [{ genre: "drama" }, { genre: null }, false],
    [{ genre: "drama" }, {}, false],
    [{ year: 1 }, { year: "1" }, false],
    [{ year: "1" }, { year: 1 }, false],
    [{ draft: false }, { draft: 0 }, false],
    [{ year: 0 }, { year: -0 }, true],
    [{ genre: ["a", "b"] }, { genre: "b" }, true],
    [{ genre: ["a", "b"] }, { genre: ["c", "d"] }, false],
    [{ genre: [] }, { genre: "a" }, false],
    [{ genre: [] }, { genre: [] }, false],
    [{ genre: "a", year: 1 }, { genre: "a", year: 1 }, true],
    [{ genre: "a", year: 1 }, { genre: "a", year: 2 }, false],
  ])("%j on %j is %j", (where, fields, holds) => {
    expect(satisfies(where, tuple(fields))).toBe(holds);
  });

  test("names each wanted value once", () => {
    expect(anyOf("a")).toEqual(["a"]);
    expect(anyOf(["a", "b", "a"])).toEqual(["a", "b"]);
  });
});

test("a sort key takes each field of the order, and the id where it is one", () => {
  const order = ["rating", "id", "genres"].map((field) => ({ field, descending: false }));
  expect(sortKeyOf(order, tuple({ rating: 8, genres: ["b", "a"] }, "42"))).toEqual({
    values: [8, "42", "a"],
    id: "42",
  });
});
