import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";

import { changedFields } from "../../../src/core/changed-fields.ts";
import type { EntityData, EntityModel } from "../../../src/core/entity.ts";
import { tupleOf } from "../../../src/core/tuple.ts";
import { otherKeyOrder } from "../../../src/press/other-key-order.ts";
import { jsonText } from "../../../src/core/json-template.ts";
import { checkRecord } from "../../../src/source/parse-record.ts";
import { EntityUse } from "../../../src/source/recording-view.ts";
import type { Snapshot } from "../../../src/source/source.ts";
import { filmSite } from "../press/film-site.ts";
import { renderOnce } from "../render/render-once.ts";

const KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "polluted",
  "title",
  "genres",
];
const before = Object.getOwnPropertyNames(Object.prototype).toSorted();

afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype).toSorted()).toEqual(before);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(Reflect.get([], "polluted")).toBeUndefined();
});

/** JSON as it comes from outside: its keys are made by a parser, `__proto__` too. */
const hostileJson = fc.letrec<{ value: unknown; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.constantFrom("1", '"x"', "null", "true", '["a","b"]'), tie("object")),
  object: fc
    .array(fc.tuple(fc.constantFrom(...KEYS), tie("value")), { maxLength: 4 })
    .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${String(value)}`).join(",")}}`),
})).object;

test("an entity with keys of Object.prototype is an entity like others: nothing else changes", async () => {
  const model = filmSite().entities.get("film") as EntityModel;
  await fc.assert(
    fc.asyncProperty(hostileJson, hostileJson, async (first, second) => {
      for (const text of [first, second]) {
        const input = JSON.parse(
          `{"id":"1","polluted":true,${text.slice(1, -1) === "" ? '"x":1' : text.slice(1, -1)}}`,
        ) as EntityData;
        const checked = await checkRecord(model, input);
        if (!checked.ok) continue;
        const { entity } = checked;
        const data = JSON.parse(JSON.stringify(entity)) as EntityData;
        tupleOf(model, data);
        changedFields(data, { ...data, title: "y" });
        const use = new EntityUse("film", "1", { id: "1", data });
        const copy = { ...use.view };
        expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
        for (const key of KEYS) Reflect.get(use.view ?? {}, key);
        expect(Reflect.set(use.view ?? {}, "polluted", 2)).toBe(false);
        jsonText({ film: use.view });
        const one = { get: () => ({ id: "1", data }) } as unknown as Snapshot;
        jsonText(otherKeyOrder(one).get("film", "1")?.data);
        renderOnce("<p><%= Object.keys(it.film).length %></p>", { film: use.view });
      }
    }),
    { numRuns: 300 },
  );
});
