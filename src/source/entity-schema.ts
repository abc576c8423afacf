import { DatabaseSync } from "node:sqlite";

import type { EntityModel } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";

const FORMAT = 1;
const BUSY_TIMEOUT_MS = 5000;

/** Where a type's rows are: `e<n>` holds entities with their sort keys, `v<n>` a row for each value of a field. */
export interface TypeTable {
  readonly model: EntityModel;
  readonly entities: string;
  readonly values: string;
  /** Number of an indexed field: its sort key is column `k<number>`. */
  readonly fieldNumber: ReadonlyMap<string, number>;
}

export function openEntityDatabase(file: string, options: { readonly readOnly: boolean }): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: options.readOnly, timeout: BUSY_TIMEOUT_MS });
  if (!options.readOnly) database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  database.exec("PRAGMA cache_size = -8000; PRAGMA temp_store = FILE");
  return database;
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

/**
 * Makes the tables of an entity store. `firstVersion` is where a new store begins to count.
 * Run it within a transaction.
 */
export function createEntitySchema(database: DatabaseSync, firstVersion: number): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS type (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fields TEXT NOT NULL, scanned TEXT);
    CREATE TABLE IF NOT EXISTS change (
      type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, fields TEXT, before TEXT NOT NULL);
  `);
  const format = readMeta(database, "format");
  if (format === undefined) {
    writeMeta(database, "format", FORMAT);
    writeMeta(database, "version", firstVersion);
    // A store that was lost can't tell what its first commit changed, not even to who has seen all before it.
    writeMeta(database, "changes_from", firstVersion === 0 ? 0 : firstVersion + 1);
  } else if (format !== String(FORMAT)) {
    throw new RekilnError({
      code: "entity-store-format",
      message: `The entity store has format ${format}; this rekiln reads format ${FORMAT}.`,
      disposition: "fatal",
      hint: "Use the rekiln that wrote it, or delete .rekiln/entities.db: the next build reads the source again.",
    });
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
