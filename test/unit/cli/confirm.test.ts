import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

import { confirm } from "../../../src/cli/confirm.ts";

async function answered(answer: string): Promise<boolean> {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(answer);
  const yes = await confirm("Delete it?", input, output);
  output.end();
  expect(await text(output)).toContain("Delete it? [y/N] ");
  return yes;
}

test.each(["y\n", "Y\n", "yes\n", " yes \n"])("%j is yes", async (answer) => {
  expect(await answered(answer)).toBe(true);
});

test.each(["n\n", "\n", "", "yep\n", "no y\n"])("%j is no", async (answer) => {
  expect(await answered(answer)).toBe(false);
});
