import type { DatabaseSync } from "node:sqlite";

import { changeRow, mergeChanges } from "./entity-changes.ts";
import type { ChangeRow } from "./entity-changes.ts";
import { formatOf, readMeta } from "./entity-schema.ts";
import type { Outbox, WaitingBatch } from "./outbox.ts";
import { storeError } from "./store-error.ts";

const BATCH_CHARACTERS = 4 << 20;

/** The outbox of an entity store: its change rows that aren't marked as queued. */
export class EntityOutbox implements Outbox {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  waiting(after: number, limit: number): WaitingBatch {
    if (!this.#exists()) return { changes: [], last: undefined };
    const rows: ChangeRow[] = [];
    let characters = 0;
    const found = this.#database.prepare(
      "SELECT * FROM change WHERE queued = 0 AND number > ? ORDER BY number LIMIT ?",
    );
    for (const row of found.iterate(after, limit)) {
      rows.push(changeRow(row));
      characters += String(row["before"]).length + String(row["fields"]).length;
      if (characters > BATCH_CHARACTERS) break;
    }
    const changes = mergeChanges(rows).map(({ change, numbers }) => ({ change, rows: numbers }));
    return { changes, last: rows.at(-1)?.number };
  }

  markQueued(rows: readonly number[]): void {
    // Not synced: a power failure that undoes it sends the events once more.
    const synchronous = Number(this.#database.prepare("PRAGMA synchronous").get()?.["synchronous"]);
    try {
      this.#database.exec("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
      const mark = this.#database.prepare("UPDATE change SET queued = 1 WHERE number = ?");
      for (const row of rows) mark.run(row);
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw storeError(error);
    } finally {
      this.#database.exec(`PRAGMA synchronous = ${synchronous}`);
    }
  }

  count(): number {
    if (!this.#exists()) return 0;
    return Number(this.#database.prepare("SELECT count(*) AS count FROM change WHERE queued = 0").get()?.["count"]);
  }

  needsBuild(): boolean {
    return this.#exists() && readMeta(this.#database, "unqueued_until") !== undefined;
  }

  #exists(): boolean {
    return formatOf(this.#database) === "current";
  }
}
