import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { pageKey, parsePageKey, subjectKey } from "../../../src/core/page.ts";
import type { Scalar } from "../../../src/core/read.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom("", "=", "=1", "=true", "#", "#2", "/", "24/7", "%", "%2F", "a#b", "constructor", "__proto__", "\0"),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.integer(),
  fc.constantFrom(0, 1e21, 1e-7, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, Number.MAX_VALUE),
);
const subject: fc.Arbitrary<Scalar | undefined> = fc.oneof(text, number, fc.boolean(), fc.constant(undefined));
const routeName = fc.oneof(fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/), text);
const parts = fc.record({ route: routeName, subject, number: fc.integer({ min: 1, max: 100_000 }) });

describe("a page key", () => {
  test("is read back as it was made, for any subject", () => {
    fc.assert(
      fc.property(parts, (page) => {
        expect(parsePageKey(pageKey(page.route, page.subject, page.number))).toEqual(page);
      }),
      { numRuns: 2000 },
    );
  });

  test("is another one for every other page", () => {
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const isSame = left.route === right.route && left.subject === right.subject && left.number === right.number;
        const keys = [left, right].map((page) => pageKey(page.route, page.subject, page.number));
        expect(keys[0] === keys[1]).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });

  test("tells values apart that only their type tells apart", () => {
    const subjects: Scalar[] = [1, "1", "=1", "%3D1", true, "true", "=true", false, "false", 0, "0", "", "-0", 1.5];
    expect(new Set(subjects.map((one) => pageKey("year", one, 1))).size).toBe(subjects.length);
  });

  test.each([
    ["film", "42", 1, "film/42"],
    ["genre", "drama", 2, "genre/drama#2"],
    ["home", undefined, 1, "home"],
    ["films", undefined, 12, "films#12"],
    ["film", "24/7", 1, "film/24%2F7"],
    ["film", "a b#c", 1, "film/a%20b%23c"],
    ["film", "é🎬", 1, "film/%C3%A9%F0%9F%8E%AC"],
    ["film", "", 1, "film/"],
    ["year", 1979, 1, "year/=1979"],
    ["year", -1.5, 3, "year/=-1.5#3"],
    ["draft", true, 1, "draft/=true"],
    ["package", "g++-4.8~rc1", 1, "package/g++-4.8~rc1"],
  ])("of %s, %j and %i is %s", (route, subject, number, key) => {
    expect(pageKey(route, subject, number)).toBe(key);
  });

  test("is ASCII without white space, whatever the subject", () => {
    fc.assert(
      fc.property(parts, (page) => {
        expect(pageKey(page.route, page.subject, page.number)).toMatch(/^[A-Za-z0-9._~+\-%=/#]*$/);
      }),
    );
  });

  test("of a further page begins with the key of its subject's page 1", () => {
    fc.assert(
      fc.property(parts, ({ route, subject, number }) => {
        const first = subjectKey(route, subject);
        expect(pageKey(route, subject, 1)).toBe(first);
        expect(pageKey(route, subject, number + 1)).toBe(`${first}#${number + 1}`);
      }),
    );
  });
});
