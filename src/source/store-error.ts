import { messageOf, RekilnError } from "../core/errors.ts";

const SQLITE_BUSY = 5;

/** What SQLite threw, as `entities-busy` where it gave up waiting for another process; anything else as it is. */
export function storeError(error: unknown): unknown {
  // Extended result codes have the primary one in their last byte.
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  if (code !== SQLITE_BUSY) return error;
  return new RekilnError({
    code: "entities-busy",
    message: `The entity store is in use: ${messageOf(error)}.`,
    disposition: "retry",
    hint: "Another process has been writing to it for seconds, a build that takes in its source for instance: try again.",
    cause: error,
  });
}
