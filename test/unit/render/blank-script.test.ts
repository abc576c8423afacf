import { describe, expect, it } from "vitest";
import { blankScript } from "../../../src/render/blank-script.ts";

describe("blankScript keeps code, its length and its lines", () => {
  it.each([
    ['a = \'b{\' + "c\\"}"', `a = '  ' + "    "`],
    ["a // b {\nc /* } */ d", "a       \nc         d"],
    ["a = /[/{]\\}/g; b", "a =         g; b"],
    ["a / b / c", "a / b / c"],
    ["(a) / b / c", "(a) / b / c"],
    ["return /{/", "return    "],
    ["`a${b + `c${d}` + {e}}f{`", "`  {b + `  {d}` + {e}}  `"],
    ["`$${a}`", "`  {a}`"],
  ])("%s", (code, blank) => {
    expect(blankScript(code)).toHaveLength(code.length);
    expect(blankScript(code)).toBe(blank);
  });
});
