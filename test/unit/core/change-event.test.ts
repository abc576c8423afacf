import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { checkRequest } from "../../../src/core/change-request.ts";
import { decodeChange, encodeChange, EVENT_BYTES_MAX } from "../../../src/core/change-event.ts";
import type { ChangeEvent } from "../../../src/core/change-event.ts";
import { parseEntityName } from "../../../src/core/entity-name.ts";
import type { Scalar } from "../../../src/core/read.ts";
import type { Tuple } from "../../../src/core/tuple.ts";

const EVENT: ChangeEvent = {
  type: "film",
  id: "42",
  version: 7,
  deleted: false,
  fields: ["title"],
  before: [null, { id: "42", fields: { genres: ["drama", "sf"], rating: 8.5, flag: null } }],
  waited: 0,
};
/** A queue refuses other messages. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const REFUSED = /[\0-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

const bodiesOf = (event: ChangeEvent): readonly string[] => {
  const encoded = encodeChange(event);
  if (!encoded.ok) throw new Error(encoded.problem);
  for (const body of encoded.bodies) {
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(EVENT_BYTES_MAX);
    expect(body.isWellFormed()).toBe(true);
    expect(REFUSED.test(body)).toBe(false);
  }
  return encoded.bodies;
};
const eventsOf = (event: ChangeEvent): readonly ChangeEvent[] =>
  bodiesOf(event).map((body) => {
    const decoded = decodeChange(body);
    if (!decoded.ok) throw new Error(decoded.problem);
    return decoded.event;
  });
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const tuple = (text: string): Tuple => ({ id: "42", fields: { genres: [text], rating: 1 } });
const problemOf = (body: string): string => {
  const decoded = decodeChange(body);
  return decoded.ok ? "none" : decoded.problem;
};

describe("a change event", () => {
  test("is the JSON that is documented", () => {
    expect(JSON.parse(bodiesOf(EVENT)[0] ?? "")).toEqual({
      v: 1,
      kind: "change",
      entity: "film:42",
      version: 7,
      fields: ["title"],
      before: [null, { genres: ["drama", "sf"], rating: 8.5, flag: null }],
    });
    const least = { ...EVENT, version: undefined, fields: undefined, before: undefined };
    expect(bodiesOf(least)).toEqual(['{"v":1,"kind":"change","entity":"film:42"}']);
    expect(JSON.parse(bodiesOf({ ...least, deleted: true, waited: 3 })[0] ?? "")).toMatchObject({
      deleted: true,
      waited: 3,
    });
  });

  test("is read as it was written, whatever its texts are", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("\uFFFF", "\uFFFE", "\0", "__proto__", "a:b", "\u2028"),
    );
    const scalar: fc.Arbitrary<Scalar> = fc.oneof(
      text,
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    );
    const fields = fc.dictionary(text, fc.option(fc.oneof(scalar, fc.array(scalar))));
    const event = fc.record({
      type: fc.constantFrom("film", "Größe"),
      id: text,
      version: fc.option(fc.nat(), { nil: undefined }),
      deleted: fc.boolean(),
      fields: fc.option(fc.array(fc.string({ unit: "binary" })), { nil: undefined }),
      before: fc.option(fc.array(fc.option(fields), { minLength: 1 }), { nil: undefined }),
      waited: fc.nat(),
    });
    fc.assert(
      fc.property(event, (made) => {
        const before = made.before?.map((one) => (one === null ? null : { id: made.id, fields: one }));
        const [read] = eventsOf({ ...made, before });
        expect(plain(read)).toEqual(plain({ ...made, before }));
      }),
    );
  });

  test("that is too large forgets its fields first", () => {
    const [event, ...others] = eventsOf({ ...EVENT, fields: Array.from({ length: 20_000 }, (_, n) => `field${n}`) });
    expect(others).toEqual([]);
    expect(event).toMatchObject({ version: 7, fields: undefined, before: plain(EVENT.before) });
  });

  test("that is still too large becomes several, which have all tuples together", () => {
    const before = [null, ...Array.from({ length: 100 }, (_, n) => tuple(`${n}`.repeat(2000)))];
    const events = eventsOf({ ...EVENT, before });
    expect(events.length).toBeGreaterThan(2);
    for (const event of events) expect(event).toMatchObject({ type: "film", id: "42", version: 7, fields: undefined });
    expect(events.every((event) => event.before !== undefined)).toBe(true);
    expect(plain(events.flatMap((event) => event.before ?? []))).toEqual(plain(before));
  });

  test("of which one tuple alone is too large doesn't know what was before", () => {
    const events = eventsOf({ ...EVENT, before: [tuple("small"), tuple("é".repeat(40_000))] });
    expect(events).toMatchObject([{ type: "film", id: "42", version: 7, fields: undefined, before: undefined }]);
  });

  test("isn't made of an id that fits into no event", () => {
    expect(encodeChange({ ...EVENT, id: "x".repeat(70_000) })).toMatchObject({
      ok: false,
      problem: expect.stringContaining("70000"),
    });
  });

  test.each([
    ["", "it is no JSON"],
    ["{", "it is no JSON"],
    ["[]", "it is no JSON object"],
    ["null", "it is no JSON object"],
    ["{}", "its format is missing; this rekiln reads format 1"],
    ['{"v":2,"kind":"change","entity":"film:42","news":1}', "its format is 2; this rekiln reads format 1"],
    ['{"v":"1"}', 'its format is "1"'],
    ['{"v":1}', 'its kind is missing, not "change"'],
    ['{"v":1,"kind":"pages"}', 'its kind is "pages"'],
    ['{"v":1,"kind":"change"}', "its entity is missing"],
    ['{"v":1,"kind":"change","entity":"film"}', 'its entity is "film"'],
    ['{"v":1,"kind":"change","entity":":42"}', 'its entity is ":42"'],
    ['{"v":1,"kind":"change","entity":"film:\\ud800"}', "its entity is"],
    ['{"v":1,"kind":"change","entity":["film:42"]}', "its entity is an array"],
    ['{"v":1,"kind":"change","entity":"film:42","extra":1}', 'unknown key "extra"'],
    ['{"v":1,"kind":"change","entity":"film:42","__proto__":1}', 'unknown key "__proto__"'],
    ['{"v":1,"kind":"change","entity":"film:42","version":-1}', "its version is -1"],
    ['{"v":1,"kind":"change","entity":"film:42","version":1.5}', "its version is 1.5"],
    ['{"v":1,"kind":"change","entity":"film:42","version":1e999}', "its version is null"],
    ['{"v":1,"kind":"change","entity":"film:42","version":null}', "its version is null"],
    ['{"v":1,"kind":"change","entity":"film:42","deleted":1}', "its deleted is 1"],
    ['{"v":1,"kind":"change","entity":"film:42","waited":-5}', "its waited is -5"],
    ['{"v":1,"kind":"change","entity":"film:42","fields":"title"}', "its fields"],
    ['{"v":1,"kind":"change","entity":"film:42","fields":[1]}', "its fields"],
    ['{"v":1,"kind":"change","entity":"film:42","before":[]}', "its before"],
    ['{"v":1,"kind":"change","entity":"film:42","before":null}', "its before"],
    ['{"v":1,"kind":"change","entity":"film:42","before":[1]}', "its before"],
    ['{"v":1,"kind":"change","entity":"film:42","before":[{"genres":{"a":1}}]}', 'a value of "genres"'],
    ['{"v":1,"kind":"change","entity":"film:42","before":[{"genres":[["a"]]}]}', 'a value of "genres"'],
    ['{"v":1,"kind":"change","entity":"film:42","before":[{"genres":"\\ud800"}]}', 'a value of "genres"'],
    ['{"v":1,"kind":"change","entity":"film:42","before":[{"rating":1e999}]}', 'a value of "rating"'],
    [`{"v":1,"kind":"change","entity":"film:${"é".repeat(40_000)}"}`, "larger than 65536 bytes"],
    ["[".repeat(60_000), "it is no JSON"],
    [`${"[".repeat(30_000)}${"]".repeat(30_000)}`, "it is no JSON object"],
  ])("is refused: %.80s", (body, problem) => {
    expect(problemOf(body)).toContain(problem);
    expect(problemOf(body).length).toBeLessThan(300);
  });

  test("reading never throws, whatever a message holds", () => {
    const keys = fc.constantFrom("v", "kind", "entity", "version", "deleted", "fields", "before", "waited", "x");
    const value = fc.oneof(fc.constantFrom(1, "change", "film:42", null, true), fc.jsonValue());
    const almost = fc
      .dictionary(keys, value)
      .map((fields) => JSON.stringify({ v: 1, kind: "change", entity: "film:42", ...fields }));
    fc.assert(
      fc.property(fc.oneof(almost, fc.string({ unit: "binary" }), fc.json()), (body) => void decodeChange(body)),
      { numRuns: 1000 },
    );
  });
});

test.each([
  ["film:42", { type: "film", id: "42" }],
  ["film:a:b", { type: "film", id: "a:b" }],
  ["film:", { type: "film", id: "" }],
  ["film", undefined],
  [":42", undefined],
  ["film:\uD800", undefined],
])("%j names %j", (text, name) => {
  expect(parseEntityName(text)).toEqual(name);
});

describe("a change that somebody asks for", () => {
  const types = new Set(["film"]);
  test.each([
    [{ entity: "film:4:2" }, { type: "film", id: "4:2", deleted: false }],
    [
      { type: "film", id: "", deleted: true },
      { type: "film", id: "", deleted: true },
    ],
  ])("%j is taken", (value, request) => {
    expect(checkRequest(value, types)).toEqual({ ok: true, request });
  });

  test.each([
    [null, "no object"],
    [["film:42"], "no object"],
    ["film:42", "no object"],
    [{}, "names no entity"],
    [{ entity: "film:1", id: "1" }, "names no entity"],
    [{ entity: 5, type: "film", id: "1" }, "names no entity"],
    [{ type: "film", id: 42 }, "names no entity"],
    [{ type: "", id: "42" }, "names no entity"],
    [{ type: "film", id: "\uD800" }, "names no entity"],
    [{ entity: "flim:1" }, 'no entity type "flim"'],
    [{ entity: "film:1", deleted: "yes" }, "deleted"],
    [{ entity: "film:1", before: [] }, 'unknown key "before"'],
    [{ type: "film", id: "x".repeat(70_000) }, "too many for an event"],
  ])("%.60j is refused", (value, problem) => {
    expect(checkRequest(value, types)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
  });
});
