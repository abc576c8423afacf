import { DatabaseSync } from "node:sqlite";

import type { EntityModel } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { storeError } from "./store-error.ts";

const FORMAT = 2;
const BUSY_TIMEOUT_MS = 5000;
const SWITCH_ATTEMPTS = 250;
const SWITCH_PAUSE_MS = 20;

/** Where a type's rows are: `e<n>` holds entities with their sort keys, `v<n>` a row for each value of a field. */
export interface TypeTable {
  readonly model: EntityModel;
  readonly entities: string;
  readonly values: string;
  /** Number of an indexed field: its sort key is column `k<number>`. */
  readonly fieldNumber: ReadonlyMap<string, number>;
}

export interface OpenOptions {
  readonly readOnly: boolean;
  /** Whether what was committed must outlive a power failure; default false. */
  readonly isDurable?: boolean | undefined;
}

export function openEntityDatabase(file: string, options: OpenOptions): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: options.readOnly, timeout: BUSY_TIMEOUT_MS });
  if (!options.readOnly) {
    switchToWal(database);
    // `fullfsync`: on macOS a sync reaches the disk itself only so.
    if (options.isDurable === true) database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON");
    else database.exec("PRAGMA synchronous = NORMAL");
  }
  database.exec("PRAGMA cache_size = -8000; PRAGMA temp_store = FILE");
  return database;
}

/** Of two processes that switch a new file at once, SQLite fails one without letting it wait: that one tries again. */
function switchToWal(database: DatabaseSync): void {
  for (let attempts = 1; ; attempts++) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (attempts === SWITCH_ATTEMPTS || storeError(error) === error) throw storeError(error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SWITCH_PAUSE_MS);
    }
  }
}

/** Prepares a statement whose rows come as arrays. */
export function prepareRows(database: DatabaseSync, sql: string) {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

export function readMeta(database: DatabaseSync, key: string): string | undefined {
  const row = database.prepare("SELECT value FROM meta WHERE key = ?").get(key);
  return row === undefined ? undefined : String(row["value"]);
}

export function writeMeta(database: DatabaseSync, key: string, value: string | number): void {
  database
    .prepare("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
    .run(key, String(value));
}

/** The tables of the declared types, in the order of their names, whether or not they exist. */
export function typeTables(models: ReadonlyMap<string, EntityModel>, database: DatabaseSync): Map<string, TypeTable> {
  const numbers = new Map(
    database
      .prepare("SELECT name, number FROM type")
      .all()
      .map((row) => [String(row["name"]), Number(row["number"])]),
  );
  const tables = new Map<string, TypeTable>();
  for (const model of models.values()) {
    const number = numbers.get(model.name);
    if (number === undefined) continue;
    tables.set(model.name, {
      model,
      entities: `e${number}`,
      values: `v${number}`,
      fieldNumber: new Map(model.index.map((field, index) => [field, index])),
    });
  }
  return tables;
}

/** Whether a database is an entity store, and one that this rekiln reads. */
export function formatOf(database: DatabaseSync): "none" | "current" | "other" {
  const hasMeta = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() !== undefined;
  const format = hasMeta ? readMeta(database, "format") : undefined;
  if (format === undefined) return "none";
  return format === String(FORMAT) ? "current" : "other";
}

/**
 * Makes the tables of an entity store. A row of `change` is an event: `queued` once the queue has taken it. Its number is never
 * used again, so that whoever marks it later marks no other. `firstVersion` is where a new store begins to count.
 * Run it within a transaction.
 */
export function createEntitySchema(database: DatabaseSync, firstVersion: number): void {
  switch (formatOf(database)) {
    case "current":
      return;
    case "other":
      throw new RekilnError({
        code: "entity-store-format",
        message: `The entity store has format ${readMeta(database, "format")}; this rekiln reads format ${FORMAT}.`,
        disposition: "fatal",
        hint: "Use the rekiln that wrote it. Where the source is files(), .rekiln/entities.db may be deleted: the next build reads the files again.",
      });
    case "none":
      database.exec(`
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE type (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fields TEXT NOT NULL, scanned TEXT);
        CREATE TABLE change (
          number INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
          fields TEXT, before TEXT NOT NULL, queued INTEGER NOT NULL);
        CREATE INDEX change_version ON change (version);
        CREATE INDEX change_waiting ON change (number) WHERE queued = 0;
      `);
      writeMeta(database, "format", FORMAT);
      writeMeta(database, "version", firstVersion);
      // A store that was lost can't tell what its first commit changed, not even to who has seen all before it.
      writeMeta(database, "changes_from", firstVersion === 0 ? 0 : firstVersion + 1);
  }
}

/** Makes the two tables of a type whose index has `fieldCount` fields. */
export function createTypeTables(database: DatabaseSync, number: number, fieldCount: number): void {
  const keys = Array.from({ length: fieldCount }, (_, index) => `k${index} BLOB NOT NULL, `).join("");
  database.exec(`
    CREATE TABLE e${number} (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, version INTEGER NOT NULL, raw BLOB,
      ${keys}data TEXT NOT NULL);
    CREATE UNIQUE INDEX e${number}_id ON e${number} (id);
    CREATE TABLE v${number} (field INTEGER NOT NULL, value BLOB NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
      PRIMARY KEY (field, value, id)) WITHOUT ROWID;
  `);
}
