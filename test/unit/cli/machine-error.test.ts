import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect, test } from "vitest";

import { machineError } from "../../../src/cli/machine-error.ts";
import { temporaryFolder } from "../../contract/temporary-folder.ts";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("what the system refused names the file and what to do", () => {
  const folder = temporaryFolder();
  const error = machineError(thrownBy(() => readFileSync(folder)));
  expect(error?.message).toContain("EISDIR");
  expect(error?.hint).toMatch(/Move away the folder/);
  // As it arrives from a thread.
  const full = machineError(new Error("ENOSPC: no space left on device, write"));
  expect(full).toMatchObject({ disposition: "retry", hint: expect.stringContaining("Make room") });
});

test("what SQLite refused says which database, and what to do", () => {
  const file = join(temporaryFolder(), "a.db");
  using made = new DatabaseSync(file);
  made.exec("CREATE TABLE t (a)");
  using database = new DatabaseSync(file, { readOnly: true });
  const error = machineError(thrownBy(() => database.exec("INSERT INTO t VALUES (1)")));
  expect(error?.message).toBe("This user can't write a database in .rekiln/ beside the config.");
  using small = new DatabaseSync(":memory:");
  small.exec("PRAGMA max_page_count = 2; CREATE TABLE t (a)");
  const full = machineError(thrownBy(() => small.exec("INSERT INTO t VALUES (zeroblob(100000))")));
  expect(full?.message).toMatch(/^No space is left for a database in \.rekiln\//);
});

test("any other error is none of the machine's", () => {
  expect(machineError(new TypeError("x is not a function"))).toBeUndefined();
});
