import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { EntityData, EntityModel } from "../core/entity.ts";
import { forgetAllChanges, trimChanges } from "./entity-changes.ts";
import { createEntitySchema, createTypeTables, readMeta, writeMeta } from "./entity-schema.ts";
import { EntityTypeWriter } from "./entity-type-writer.ts";
import type { ChangeNotes, NotedChange } from "./entity-type-writer.ts";
import { OrderKeys } from "./entity-values.ts";
import { storeError } from "./store-error.ts";

/** Above this many changes in one commit they aren't kept one by one: the next build is whole. */
const CHANGES_KEPT_MAX = 50_000;

const timesKey = ({ name }: EntityModel): string => `times:${name}`;
const timesText = ({ publishAt, expireAt }: EntityModel): string =>
  JSON.stringify([publishAt ?? null, expireAt ?? null]);

/** Whether a store was written by what a type says of its entities' times; one that says nothing needs none. */
export function knowsTimes(database: DatabaseSync, model: EntityModel): boolean {
  const known = readMeta(database, timesKey(model));
  return known === timesText(model) || (known === undefined && timesText(model) === "[null,null]");
}

/** How a commit differs from one that counts, and whose changes the queue isn't told of yet. */
export interface GivenCommit {
  /** The version that it has, whether or not anything changes. */
  readonly version: number;
  /** Whether the queue has taken an event of each change already. */
  readonly isQueued: boolean;
}

/** One transaction over an entity store: all of it is committed, with a version of its own, or nothing. */
export class EntityWriter {
  readonly #database: DatabaseSync;
  readonly #version: number;
  readonly #given: GivenCommit | undefined;
  readonly #nowSeconds: number;
  readonly #note: StatementSync;
  readonly #keys = new OrderKeys();
  readonly #types: EntityTypeWriter[] = [];
  #changes = 0;
  #overflowed = false;

  /**
   * @param firstVersion where a store that doesn't exist yet begins to count
   * @param nowSeconds by which entities exist that do so for a time
   * @param given where versions are counted elsewhere
   * @throws RekilnError `entities-busy` when another process has been writing for seconds; `entity-store-format`
   */
  constructor(database: DatabaseSync, firstVersion: number, nowSeconds: number, given?: GivenCommit) {
    this.#database = database;
    this.#given = given;
    this.#nowSeconds = nowSeconds;
    try {
      database.exec("BEGIN IMMEDIATE");
    } catch (error) {
      throw storeError(error);
    }
    try {
      createEntitySchema(database, firstVersion);
      this.#version = given?.version ?? Number(readMeta(database, "version")) + 1;
      this.#note = database.prepare(
        `INSERT INTO change (type, id, version, fields, before, queued) VALUES (?, ?, ?, ?, ?, ${this.#queued})`,
      );
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  get #queued(): 0 | 1 {
    return this.#given?.isQueued === true ? 1 : 0;
  }

  /** The version that the commit will have, if anything changes. */
  get version(): number {
    return this.#version;
  }

  /** The writer of a type; its tables are made, or made anew when other fields are indexed than before. */
  type(model: EntityModel): EntityTypeWriter {
    const fields = JSON.stringify(model.index);
    const find = this.#database.prepare("SELECT number, fields FROM type WHERE name = ?");
    const row = find.get(model.name);
    if (row === undefined) {
      this.#database.prepare("INSERT INTO type (name, fields) VALUES (?, ?)").run(model.name, fields);
      const number = Number(find.get(model.name)?.["number"]);
      createTypeTables(this.#database, number, model.index.length);
      writeMeta(this.#database, timesKey(model), timesText(model));
      return this.#writer(model, number);
    }
    const number = Number(row["number"]);
    const writer = row["fields"] === fields ? this.#writer(model, number) : this.#reindex(model, number, fields);
    if (!knowsTimes(this.#database, model)) {
      writer.noteTimes();
      writeMeta(this.#database, timesKey(model), timesText(model));
    }
    return writer;
  }

  #writer(model: EntityModel, number: number): EntityTypeWriter {
    const notes: ChangeNotes = {
      note: (change) => this.#noteChange(change),
      noteAll: (type, table, count) => this.#noteAll(type, table, count),
    };
    const writer = new EntityTypeWriter({
      database: this.#database,
      model,
      number,
      version: this.#version,
      keys: this.#keys,
      notes,
      nowSeconds: this.#nowSeconds,
    });
    this.#types.push(writer);
    return writer;
  }

  /** Keeps the entities and makes their keys anew. What changed before had tuples of other fields: it is forgotten. */
  #reindex(model: EntityModel, number: number, fields: string): EntityTypeWriter {
    this.#overflow();
    this.#changes = Math.max(this.#changes, 1);
    this.#database.exec(`DROP INDEX e${number}_id; ALTER TABLE e${number} RENAME TO old; DROP TABLE v${number}`);
    createTypeTables(this.#database, number, model.index.length);
    this.#database.prepare("UPDATE type SET fields = ?, scanned = NULL WHERE number = ?").run(fields, number);
    const writer = this.#writer(model, number);
    for (const row of this.#database.prepare("SELECT data FROM old ORDER BY seq").iterate()) {
      // Stored data is what `JSON.stringify` of an entity gave.
      writer.insert(JSON.parse(String(row["data"])) as EntityData, null);
    }
    writer.finish();
    this.#database.exec("DROP TABLE old");
    return writer;
  }

  /** What a type was last read from, as `scanned` noted it. */
  scanned(type: string): string | undefined {
    const row = this.#database.prepare("SELECT scanned FROM type WHERE name = ?").get(type);
    return typeof row?.["scanned"] === "string" ? row["scanned"] : undefined;
  }

  noteScanned(type: string, scanned: string | undefined): void {
    this.#database.prepare("UPDATE type SET scanned = ? WHERE name = ?").run(scanned ?? null, type);
  }

  /** Notes that pages of an entity are to be made anew although nothing of it changed. */
  noteChange(change: NotedChange): void {
    this.#noteChange(change);
  }

  #noteChange(change: NotedChange): void {
    if (!this.#keeps(1)) return;
    const { type, id, fields, before } = change;
    const fieldsText = fields === undefined ? null : JSON.stringify(fields);
    this.#note.run(type, id, this.#version, fieldsText, JSON.stringify(before));
  }

  #noteAll(type: string, number: number, count: number): void {
    if (!this.#keeps(count)) return;
    this.#database
      .prepare(
        `INSERT INTO change (type, id, version, fields, before, queued)
         SELECT ?, id, ?, NULL, 'null', ${this.#queued} FROM e${number} ORDER BY seq`,
      )
      .run(type, this.#version);
  }

  #keeps(count: number): boolean {
    this.#changes += count;
    if (this.#changes > CHANGES_KEPT_MAX) this.#overflow();
    return !this.#overflowed;
  }

  #overflow(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    forgetAllChanges(this.#database, this.#version, this.#given?.isQueued);
  }

  /** @returns the newest version: a new one when anything changed */
  commit(): number {
    for (const writer of this.#types) writer.finish();
    if (this.#changes > 0 || this.#given !== undefined) {
      if (!this.#overflowed) trimChanges(this.#database, this.#version);
      writeMeta(this.#database, "version", this.#version);
    }
    this.#database.exec("COMMIT");
    return this.#changes > 0 || this.#given !== undefined ? this.#version : this.#version - 1;
  }

  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }
}
