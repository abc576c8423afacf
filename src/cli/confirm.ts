import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline/promises";

/** Asks a question of whoever sits at a terminal. Anything but `y` or `yes`, the end of the input too, is no. */
export async function confirm(question: string, input: Readable, output: Writable): Promise<boolean> {
  const lines = createInterface({ input, output });
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
