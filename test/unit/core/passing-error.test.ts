import { expect, test } from "vitest";

import { RekilnError } from "../../../src/core/errors.ts";
import { isPassing, troubleText } from "../../../src/core/passing-error.ts";

const hinted = (code: string, message: string): Error =>
  new RekilnError({ code, message, disposition: "retry", hint: "Make room and run the command again." });

test.each([
  [hinted("store-full", "No space is left for /a."), "No space is left for /a. Make room on the disk."],
  [hinted("ERR_SQLITE_ERROR", "database or disk is full"), "database or disk is full. Make room on the disk."],
  [hinted("queue-busy", "The queue is busy."), "The queue is busy. Make room and run the command again."],
  [
    Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" }),
    "ENOSPC: no space left. Make room on the disk.",
  ],
  [
    Object.assign(new Error("disk I/O error"), { errcode: 10 + 256 }),
    "disk I/O error. Make room on the disk, or check it.",
  ],
])("%s passes, and says what helps it to", (error, text) => {
  expect(isPassing(error)).toBe(true);
  expect(troubleText(error)).toBe(text);
});
