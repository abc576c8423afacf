import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";

import { EntityOutbox } from "./entity-outbox.ts";
import { createEntitySchema } from "./entity-schema.ts";
import type { NotedChange } from "./entity-type-writer.ts";
import type { Outbox } from "./outbox.ts";

/** What a snapshot differs in from the one before, in a file of its own until the queue has taken all of it: an outbox. */
export class SnapshotDifferences implements Disposable {
  readonly outbox: Outbox;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #version: number;

  /** @param version of the snapshot, and of each event */
  constructor(file: string, version: number) {
    this.#database = new DatabaseSync(file);
    // A run that dies leaves nothing that a later one needs.
    this.#database.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN");
    createEntitySchema(this.#database, version);
    this.#insert = this.#database.prepare(
      "INSERT INTO change (type, id, version, fields, before, queued) VALUES (?, ?, ?, ?, ?, 0)",
    );
    this.#version = version;
    this.outbox = new EntityOutbox(this.#database);
  }

  note({ type, id, fields, before }: NotedChange): void {
    const fieldsText = fields === undefined ? null : JSON.stringify(fields);
    this.#insert.run(type, id, this.#version, fieldsText, JSON.stringify(before));
  }

  /** All are noted: they can be sent. */
  finish(): void {
    this.#database.exec("COMMIT");
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
