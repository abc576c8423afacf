import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** For what only this user, and for `0o640` its group, reads. What SQLite keeps beside a database gets the mode of the database. */
type PrivateMode = 0o600 | 0o640;

/** Makes sure that a file is there before somebody creates it that everybody can read; one that is there stays as it is. @returns its name */
export function privateFile(file: string, mode: PrivateMode): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  closeSync(openSync(file, "a", mode));
  return file;
}
