import { createContext, Script } from "node:vm";

import { parseSync, Visitor } from "oxc-parser";
import { expect, test } from "vitest";

import { sourceTexts } from "./source-texts.ts";

const BYTES = 100_000;
/** What a text of 100 KB may cost at most: 50 ms on a quiet machine, and tests run on busy ones. What isn't linear takes seconds. */
const MS_MAX = 400;

function regexesOf(): readonly { readonly file: string; readonly source: string; readonly flags: string }[] {
  return [...sourceTexts()].flatMap(([file, text]) => {
    const found: { file: string; source: string; flags: string }[] = [];
    new Visitor({
      Literal: (node) => {
        if ("regex" in node) found.push({ file, source: node.regex.pattern, flags: node.regex.flags });
      },
    }).visit(parseSync(file, text).program);
    return found;
  });
}

/** Texts of 100 KB that a pattern may go astray in: what it is made of, over and over, and then something that it doesn't want. */
function adversarial(source: string): readonly string[] {
  const literals = source
    .replaceAll(/\\[wdsbWDSBpPux](?:\{[^}]*\})?|[\\^$()[\]{}?*+|]/g, " ")
    .split(/\s+/)
    .filter((part) => part !== "");
  const characters = new Set(["a", "0", " ", "\t", "\n", "/", "-", ".", "é", ...Array.from(literals.join(""))]);
  const pieces = new Set([...characters, ...literals, "a ", " a", "a.", "/a", "a=", "x:"]);
  return [...pieces].flatMap((piece) => {
    const long = piece.repeat(Math.ceil(BYTES / piece.length));
    return [`${long}\u0001`, `x${long}!`];
  });
}

const searched = createContext({});
const SEARCH = new Script("regex.global ? text.replace(regex, '') : regex.test(text)");

/** Whether a search ends in time; one that doesn't is broken off. */
function isQuick(regex: RegExp, text: string): boolean {
  Object.assign(searched, { regex, text });
  try {
    SEARCH.runInContext(searched, { timeout: MS_MAX });
    return true;
  } catch (error) {
    // It is made in the other context, where Error is another one.
    if (String(error).includes("timed out")) return false;
    throw error;
  }
}

test("no regular expression of ours takes more than linear time on 100 KB", { timeout: 300_000 }, () => {
  const slow: string[] = [];
  for (const { file, source, flags } of regexesOf()) {
    for (const text of adversarial(source)) {
      if (isQuick(new RegExp(source, flags), text)) continue;
      slow.push(`${file}: /${source}/${flags} on ${JSON.stringify(text.slice(0, 12))}…`);
      break;
    }
  }
  expect(slow).toEqual([]);
});
