import * as fc from "fast-check";
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";
import { TemplateError } from "../../../src/render/renderer.ts";
import { XSS_PAYLOADS } from "../../support/xss-payloads.ts";
import { renderOnce } from "./render-once.ts";

const slot = "<%= json(it.slot()) %>";
// oxfmt-ignore
const words = [
  "a", "b = ", "f(", ")", "[", "]", "{", "}", "(", ",", ";", "\n", " ", "'", '"', "`", "${", "/", "//", "/*", "*/", "\\", "return ", "if (a) ", "/[/]/", "+", "++",
  "1", "x => ", "=", "-->", "typeof ", '"a"', "'b'", "`c`", "/d/g", "<!", "--", ".e", "?.", ":", "? ", "case ", "in ", "<% if (it.yes) { %>", "<% } else { %>", "<% } %>",
];
const piece = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: fc.constant(slot) },
);

it("leaves the syntax tree of a script the same for hostile data, wherever a template is compiled at all", () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom(...XSS_PAYLOADS), (pieces, payload) => {
      const source = pieces.join("");
      if (!source.includes("it.slot")) return;
      const render = (x: string): string => renderOnce(source, { yes: true, slot: () => x }, {}, "page.js");
      let expected: string;
      try {
        expected = render("x");
      } catch (error) {
        if (error instanceof TemplateError) return;
        throw error;
      }
      const tree = syntaxTree(expected);
      if (tree === undefined) return;
      compared += 1;
      expect(syntaxTree(render(payload)), source).toBe(tree);
    }),
    { numRuns: Number(process.env["XSS_RUNS"] ?? 5000) },
  );
  expect(compared).toBeGreaterThan(100);
});

/** The syntax tree without positions, literal values and comments' texts; undefined if the script isn't valid. */
function syntaxTree(script: string): string | undefined {
  const { program, errors, comments } = parseSync("page.js", `async () => {${script}\n}`, { sourceType: "script" });
  if (errors.length > 0) return undefined;
  const left = new Set(["start", "end", "value", "raw", "range", "directive"]);
  return JSON.stringify(program, (key, value: unknown) => (left.has(key) ? undefined : value)) + comments.length;
}
