import { RekilnError } from "./errors.ts";

/** SQLite's codes for a file that is busy, a disk that fails or is full, and a file that can't be opened now. */
const SQLITE_PASSING = new Set([5, 6, 10, 13, 14]);
const SYSTEM_PASSING = new Set([
  "EAGAIN",
  "EBUSY",
  "EDQUOT",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOSPC",
  "ESTALE",
  "ETIMEDOUT",
]);

/** Whether an error may pass by itself: source, store or manifest can't be used now. What it interrupted is tried later. */
export function isPassing(error: unknown): error is Error {
  if (error instanceof RekilnError) return error.disposition === "retry";
  if (!(error instanceof Error)) return false;
  // Extended result codes have the primary one in their last byte.
  if ("errcode" in error && SQLITE_PASSING.has(Number(error.errcode) & 0xff)) return true;
  return "code" in error && SYSTEM_PASSING.has(String(error.code));
}
