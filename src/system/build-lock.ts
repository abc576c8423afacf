import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { RekilnError } from "../core/errors.ts";
import { privateFile } from "./private-file.ts";

/**
 * Lets one process at a time build a site. The lock is the operating system's, held through an open SQLite
 * transaction: it ends with the process, however that ends.
 *
 * @throws RekilnError `build-running`, naming the process that has it
 */
export function lockBuild(state: string): Disposable {
  mkdirSync(state, { recursive: true, mode: 0o750 });
  const owner = join(state, "build.pid");
  const database = new DatabaseSync(privateFile(join(state, "build.lock"), 0o640), { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw new RekilnError({
      code: "build-running",
      message: `Another build of this site is running: process ${readOwner(owner)}.`,
      disposition: "retry",
      hint: "Wait until it ends, or stop it: a build that is stopped goes on where it was.",
      cause: error,
    });
  }
  writeFileSync(owner, `${process.pid}\n`, { mode: 0o640 });
  return {
    [Symbol.dispose]() {
      database.exec("ROLLBACK");
      database.close();
    },
  };
}

function readOwner(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "unknown";
  }
}
