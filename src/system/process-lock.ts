import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { RekilnError } from "../core/errors.ts";
import { privateFile } from "./private-file.ts";

/**
 * Lets one process at a time do something with a site. The lock is the operating system's, held through an open SQLite transaction: it ends with
 * the process, however that ends.
 *
 * @throws RekilnError `<name>-running`, naming the process that has it
 */
export function lockProcess(state: string, name: string): Disposable {
  mkdirSync(state, { recursive: true, mode: 0o750 });
  const owner = join(state, `${name}.pid`);
  const database = new DatabaseSync(privateFile(join(state, `${name}.lock`), 0o640), { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw new RekilnError({
      code: `${name}-running`,
      message: `Another ${name} of this site is running: process ${readOwner(owner)}.`,
      disposition: "retry",
      hint: "Wait until it ends, or stop it: what is stopped goes on where it was.",
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
