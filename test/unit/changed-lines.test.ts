import fc from "fast-check";
import { expect, test } from "vitest";

import { changedLines } from "../../src/source/changed-lines.ts";

const split = (before: string, after: string) => {
  const lines = changedLines(Buffer.from(before), Buffer.from(after));
  return [Buffer.from(lines.before).toString(), Buffer.from(lines.after).toString()];
};

test.each([
  ["a line that changed", "a\nb\nc\n", "a\nB\nc\n", "b\n", "B\n"],
  ["a line that came", "a\nc\n", "a\nb\nc\n", "", "b\n"],
  ["a line that went", "a\nb\nc\n", "a\nc\n", "b\n", ""],
  ["one that came at the end", "a\n", "a\nb", "", "b"],
  ["the last one, without a line feed", "a\nbc", "a\nbd", "bc", "bd"],
  ["nothing", "a\nb\n", "a\nb\n", "", ""],
  ["a line like the one before", "a\na\n", "a\na\na\n", "", "a\n"],
])("finds %s", (_, before, after, old, now) => {
  expect(split(before, after)).toEqual([old, now]);
});

test("what it leaves out is the same in both, and whole lines", () => {
  const line = fc.constantFrom("", "a", "b", "aa", "ab", "x".repeat(70_000), `${"x".repeat(70_000)}y`);
  const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const [old = "", now = ""] = split(before, after);
      // Whatever stands around the changed lines is a common beginning and a common end.
      const around = before.length - old.length;
      expect(after.length - now.length).toBe(around);
      const ends = Array.from({ length: around + 1 }, (_, head) => head).some((head) => {
        const [first, last] = [before.slice(0, head), before.slice(head + old.length)];
        const isWhole = (first === "" || first.endsWith("\n")) && before === first + old + last;
        return isWhole && after === first + now + last;
      });
      expect(ends).toBe(true);
    }),
    { numRuns: 300 },
  );
});
