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

const FULL_CODES = new Set(["EDQUOT", "ENOSPC", "queue-full", "store-full"]);
/** In SQLite's own words, which are all that is left of an error that comes from a thread. */
const SQLITE_FULL = "database or disk is full";

/** Whether an error may pass by itself: source, store or manifest can't be used now. What it interrupted is tried later. */
export function isPassing(error: unknown): error is Error {
  if (error instanceof RekilnError) return error.disposition === "retry";
  if (!(error instanceof Error)) return false;
  return SQLITE_PASSING.has(sqliteCodeOf(error)) || SYSTEM_PASSING.has(codeOf(error));
}

/** What an error that may pass by itself says to whoever watches, with what helps it to: sentences that end with a full stop. */
export function troubleText(error: Error): string {
  const message = error.message.replace(/[^.]$/, "$&.");
  return `${message} ${helpFor(error)}`.trimEnd();
}

function helpFor(error: Error): string {
  if (error.message.includes(SQLITE_FULL) || FULL_CODES.has(codeOf(error))) return "Make room on the disk.";
  // A full disk is one too, where SQLite has no space for what it keeps beside a database.
  if (error.message.includes("disk I/O error")) return "Make room on the disk, or check it.";
  return error instanceof RekilnError ? (error.hint ?? "") : "";
}

function sqliteCodeOf(error: Error): number {
  // Extended result codes have the primary one in their last byte.
  return "errcode" in error ? Number(error.errcode) & 0xff : 0;
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}
