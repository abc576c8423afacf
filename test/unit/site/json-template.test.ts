import fc from "fast-check";
import { expect, test } from "vitest";

import { Html } from "../../../src/core/html.ts";
import { json } from "../../../src/core/json-template.ts";

test("writes JSON that can't end a script", () => {
  const made = json({ a: "</script><!-- & \u2028", b: [1] });
  expect(made).toBeInstanceOf(Html);
  expect(made.html).toBe('{"a":"\\u003c/script\\u003e\\u003c!-- \\u0026 \\u2028","b":[1]}');
});

test("writes JSON that is read back as it was", () => {
  fc.assert(
    fc.property(
      fc.object({ values: [fc.string({ unit: "grapheme" }), fc.constantFrom("<", ">&", "\u2029")] }),
      (props) => {
        const { html } = json(props);
        expect(JSON.parse(html)).toEqual(JSON.parse(JSON.stringify(props)));
        expect(html).not.toMatch(/[<>&\u2028\u2029]/);
      },
    ),
  );
});

test("refuses what has no JSON", () => {
  expect(() => json(undefined)).toThrow(TypeError);
  expect(() => json(() => 1)).toThrow("function can't be written as JSON");
});
