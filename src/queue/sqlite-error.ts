import type { ErrorMeaning } from "../core/errors.ts";
import { messageOf, RekilnError } from "../core/errors.ts";

const BUSY: ErrorMeaning = {
  code: "queue-busy",
  disposition: "retry",
  hint: "Another process has been writing to it for seconds, or is stopped in the middle: try again, or end that process.",
};
const DAMAGED: ErrorMeaning = {
  code: "queue-damaged",
  disposition: "fatal",
  hint: "Move the file away, and run `rekiln build`: it follows every change since the last complete build.",
};
const UNUSABLE: ErrorMeaning = { code: "queue-unusable", disposition: "fatal", hint: "Check who may write the file." };

/** By primary result code (https://sqlite.org/rescode.html). */
const MEANINGS: ReadonlyMap<number, ErrorMeaning> = new Map([
  [5, BUSY],
  [6, BUSY],
  [8, UNUSABLE],
  [10, { code: "queue-io", disposition: "retry", hint: "Check the disk." }],
  [11, DAMAGED],
  [13, { code: "queue-full", disposition: "retry", hint: "Make room on the disk." }],
  [14, UNUSABLE],
  [26, DAMAGED],
]);

/** An error of SQLite as one of ours; ours come back as they are. */
export function sqliteError(error: unknown, file: string): RekilnError {
  if (error instanceof RekilnError) return error;
  const meaning = MEANINGS.get(primaryCode(error)) ?? { code: "queue-failed", disposition: "fatal" };
  return new RekilnError({ ...meaning, message: `The queue ${file} failed: ${messageOf(error)}.`, cause: error });
}

/** Whether SQLite failed because somebody else has the file. */
export function isBusy(error: unknown): boolean {
  return MEANINGS.get(primaryCode(error)) === BUSY;
}

function primaryCode(error: unknown): number {
  // Extended codes have the primary one in their last byte.
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
}
