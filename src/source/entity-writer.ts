import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { EntityData, EntityModel } from "../core/entity.ts";
import { orderKey } from "../core/order.ts";
import { sortValue, tupleOf, valuesOf } from "../core/tuple.ts";
import type { Tuple } from "../core/tuple.ts";
import { createEntitySchema, createTypeTables, readMeta, writeMeta } from "./entity-schema.ts";

/** Above this many changes in one commit they aren't kept one by one: the next build is whole. */
const CHANGES_KEPT_MAX = 50_000;

/** What an upsert did. */
export type Upserted = "inserted" | "updated" | "same";

interface StoredRow {
  readonly seq: number;
  readonly raw: Uint8Array | null;
}

/**
 * Writes one type of an entity store, within the transaction of an `EntityWriter`. A record whose data didn't change
 * keeps its version.
 */
export class TypeWriter {
  readonly model: EntityModel;
  readonly #find: StatementSync;
  readonly #read: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #mark: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertValue: StatementSync;
  readonly #deleteValue: StatementSync;
  readonly #seqs: StatementSync;
  readonly #note: (change: NotedChange) => void;
  readonly #version: number;

  constructor(
    database: DatabaseSync,
    model: EntityModel,
    number: number,
    version: number,
    note: (change: NotedChange) => void,
  ) {
    this.model = model;
    this.#version = version;
    this.#note = note;
    const keys = model.index.map((_, index) => `k${index}`);
    this.#find = database.prepare(`SELECT seq, raw FROM e${number} WHERE id = ?`);
    this.#read = database.prepare(`SELECT data FROM e${number} WHERE seq = ?`);
    this.#insert = database.prepare(
      `INSERT INTO e${number} (${["id", "version", "raw", ...keys, "data"].join(", ")})
       VALUES (${["?", "?", "?", ...keys.map(() => "?"), "?"].join(", ")})`,
    );
    this.#update = database.prepare(
      `UPDATE e${number} SET version = ?, raw = ?, ${keys.map((key) => `${key} = ?, `).join("")}data = ? WHERE seq = ?`,
    );
    this.#mark = database.prepare(`UPDATE e${number} SET raw = ? WHERE seq = ?`);
    this.#delete = database.prepare(`DELETE FROM e${number} WHERE seq = ?`);
    this.#insertValue = database.prepare(`INSERT OR IGNORE INTO v${number} VALUES (?, ?, ?, ?)`);
    this.#deleteValue = database.prepare(`DELETE FROM v${number} WHERE field = ? AND value = ? AND id = ?`);
    this.#seqs = database.prepare(`SELECT seq FROM e${number}`);
  }

  /** The stored row of an id; `raw` is what `upsert` was given with it. */
  find(id: string): StoredRow | undefined {
    const row = this.#find.get(id);
    if (row === undefined) return undefined;
    return { seq: Number(row["seq"]), raw: row["raw"] instanceof Uint8Array ? row["raw"] : null };
  }

  /** Stores an entity; `raw` is whatever the source wants to recognise its record by. */
  upsert(entity: EntityData, raw: Uint8Array | null, stored: StoredRow | undefined): { did: Upserted; seq: number } {
    const data = JSON.stringify(entity);
    if (stored === undefined) {
      const seq = Number(this.#insert.run(entity.id, this.#version, raw, ...this.#keys(entity), data).lastInsertRowid);
      this.#insertValues(entity, seq);
      this.#note({ type: this.model.name, id: entity.id, fields: undefined, before: null });
      return { did: "inserted", seq };
    }
    const { seq } = stored;
    const oldData = String(this.#read.get(seq)?.["data"]);
    if (oldData === data) {
      this.#mark.run(raw, seq);
      return { did: "same", seq };
    }
    // Stored data is what `JSON.stringify` of an entity gave.
    const old = JSON.parse(oldData) as EntityData;
    // None when they only stand in another order, which a page sees that uses all of them.
    const fields = changedFields(old, entity);
    this.#update.run(this.#version, raw, ...this.#keys(entity), data, seq);
    if (this.model.index.some((field) => fields.includes(field))) {
      this.#deleteValues(old);
      this.#insertValues(entity, seq);
    }
    this.#note({ type: this.model.name, id: entity.id, fields, before: tupleOf(this.model, old) });
    return { did: "updated", seq };
  }

  delete(seq: number): void {
    const data = this.#read.get(seq)?.["data"];
    if (data === undefined) return;
    // Stored data is what `JSON.stringify` of an entity gave.
    const old = JSON.parse(String(data)) as EntityData;
    this.#deleteValues(old);
    this.#delete.run(seq);
    this.#note({ type: this.model.name, id: old.id, fields: undefined, before: tupleOf(this.model, old) });
  }

  /** The sequence numbers of the stored entities that `isSeen` doesn't know. */
  unseen(isSeen: (seq: number) => boolean): number[] {
    const unseen: number[] = [];
    for (const row of this.#seqs.iterate()) {
      const seq = Number(row["seq"]);
      if (!isSeen(seq)) unseen.push(seq);
    }
    return unseen;
  }

  #keys(entity: EntityData): Uint8Array[] {
    return this.model.index.map((field) => orderKey(sortValue(Object.hasOwn(entity, field) ? entity[field] : null)));
  }

  #insertValues(entity: EntityData, seq: number): void {
    for (const [field, name] of this.model.index.entries()) {
      if (!Object.hasOwn(entity, name)) continue;
      for (const value of valuesOf(entity[name])) this.#insertValue.run(field, orderKey(value), entity.id, seq);
    }
  }

  #deleteValues(entity: EntityData): void {
    for (const [field, name] of this.model.index.entries()) {
      if (!Object.hasOwn(entity, name)) continue;
      for (const value of valuesOf(entity[name])) this.#deleteValue.run(field, orderKey(value), entity.id);
    }
  }
}

interface NotedChange {
  readonly type: string;
  readonly id: string;
  readonly fields: readonly string[] | undefined;
  readonly before: Tuple | null;
}

function changedFields(old: EntityData, now: EntityData): string[] {
  const fields: string[] = [];
  for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const was = Object.hasOwn(old, field) ? JSON.stringify(old[field]) : undefined;
    const is = Object.hasOwn(now, field) ? JSON.stringify(now[field]) : undefined;
    if (was !== is) fields.push(field);
  }
  return fields;
}

/** One transaction over an entity store: all of it is committed, with a version of its own, or nothing. */
export class EntityWriter {
  readonly #database: DatabaseSync;
  readonly #version: number;
  readonly #note: StatementSync;
  #changes = 0;
  #overflowed = false;

  /** @param firstVersion where a store that doesn't exist yet begins to count */
  constructor(database: DatabaseSync, firstVersion: number) {
    this.#database = database;
    database.exec("BEGIN IMMEDIATE");
    createEntitySchema(database, firstVersion);
    this.#version = Number(readMeta(database, "version")) + 1;
    this.#note = database.prepare("INSERT INTO change VALUES (?, ?, ?, ?, ?)");
  }

  /** The writer of a type; its tables are made, or made anew when other fields are indexed than before. */
  type(model: EntityModel): TypeWriter {
    const fields = JSON.stringify(model.index);
    const find = this.#database.prepare("SELECT number, fields FROM type WHERE name = ?");
    const row = find.get(model.name);
    if (row === undefined) {
      this.#database.prepare("INSERT INTO type (name, fields) VALUES (?, ?)").run(model.name, fields);
      const number = Number(find.get(model.name)?.["number"]);
      createTypeTables(this.#database, number, model.index.length);
      return this.#writer(model, number);
    }
    const number = Number(row["number"]);
    const writer = row["fields"] === fields ? undefined : this.#reindex(model, number, fields);
    return writer ?? this.#writer(model, number);
  }

  #writer(model: EntityModel, number: number): TypeWriter {
    return new TypeWriter(this.#database, model, number, this.#version, (change) => this.#noteChange(change));
  }

  /** Keeps the entities and makes their keys anew. What changed before had tuples of other fields: it is forgotten. */
  #reindex(model: EntityModel, number: number, fields: string): TypeWriter {
    this.#overflow();
    this.#changes = Math.max(this.#changes, 1);
    this.#database.exec(`DROP INDEX e${number}_id; ALTER TABLE e${number} RENAME TO old; DROP TABLE v${number}`);
    createTypeTables(this.#database, number, model.index.length);
    this.#database.prepare("UPDATE type SET fields = ?, scanned = NULL WHERE number = ?").run(fields, number);
    const writer = this.#writer(model, number);
    for (const row of this.#database.prepare("SELECT data FROM old ORDER BY seq").iterate()) {
      // Stored data is what `JSON.stringify` of an entity gave.
      writer.upsert(JSON.parse(String(row["data"])) as EntityData, null, undefined);
    }
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

  #noteChange(change: NotedChange): void {
    this.#changes++;
    if (this.#overflowed) return;
    if (this.#changes > CHANGES_KEPT_MAX) {
      this.#overflow();
      return;
    }
    const { fields } = change;
    this.#note.run(
      change.type,
      change.id,
      this.#version,
      fields === undefined ? null : JSON.stringify(fields),
      JSON.stringify(change.before),
    );
  }

  #overflow(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.#database.exec("DELETE FROM change");
    writeMeta(this.#database, "changes_from", this.#version);
  }

  /** @returns the newest version: a new one when anything changed */
  commit(): number {
    if (this.#changes > 0) writeMeta(this.#database, "version", this.#version);
    this.#database.exec("COMMIT");
    return this.#changes > 0 ? this.#version : this.#version - 1;
  }

  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }
}
