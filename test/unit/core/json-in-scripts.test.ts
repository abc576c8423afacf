import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Html } from "../../../src/core/html.ts";
import { json, jsonText } from "../../../src/core/json-template.ts";
import { XSS_PAYLOADS } from "../../support/xss-payloads.ts";
import { textOf } from "../render/dom-shape.ts";

describe("json", () => {
  it("gives the value back from within a script, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.constantFrom(...XSS_PAYLOADS)), (value) => {
        const page = `<script type="application/json">${json(value).html}</script><p>after</p>`;
        expect(JSON.parse(textOf(page, "script") ?? "")).toEqual(JSON.parse(JSON.stringify(value)));
        expect(textOf(page, "p")).toBe("after");
        expect(json(value).html).not.toMatch(/[<>&\u2028\u2029]/);
      }),
      { numRuns: 300 },
    );
  });

  it("is markup, so that a function template may return it", () => {
    expect(json({ a: 1 })).toBeInstanceOf(Html);
  });

  it("refuses what has no JSON", () => {
    expect(() => json(undefined)).toThrow("undefined can't be written as JSON");
    expect(() => jsonText(() => 1)).toThrow("a function can't be written as JSON");
    expect(() => jsonText(1n)).toThrow(TypeError);
  });

  it("leaves the JSON of a page as it is", () => {
    expect(jsonText({ a: "<&>", b: [null] })).toBe('{"a":"<&>","b":[null]}');
  });
});
