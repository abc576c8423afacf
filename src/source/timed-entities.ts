import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { Presence, VisibleTime } from "../core/visible-time.ts";

/**
 * Entities that exist only for a time: a row for each, with what is stored of it while it isn't there. Its number, negative, stands for the
 * sequence number that it doesn't have then.
 */
const TIMED_TABLE = `
  CREATE TABLE IF NOT EXISTS timed (
    number INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL, appears INTEGER, goes INTEGER, data TEXT, raw BLOB,
    has_ended INTEGER NOT NULL DEFAULT 0);
  CREATE UNIQUE INDEX IF NOT EXISTS timed_id ON timed (type, id);
  CREATE INDEX IF NOT EXISTS timed_appears ON timed (appears);
  CREATE INDEX IF NOT EXISTS timed_goes ON timed (goes);`;

export interface TimedRow extends VisibleTime {
  readonly number: number;
  readonly id: string;
  /** Undefined while the entity is there. */
  readonly data: string | undefined;
  readonly raw: Uint8Array | null;
  readonly presence: Presence;
}

/** The timed entities of one type, within a transaction of its entity store. */
export class TimedEntities {
  readonly #type: number;
  readonly #find: StatementSync;
  readonly #read: StatementSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #hidden: StatementSync;
  readonly #all: StatementSync;

  constructor(database: DatabaseSync, type: number) {
    database.exec(TIMED_TABLE);
    addMissingColumn(database);
    this.#type = type;
    this.#find = database.prepare("SELECT * FROM timed WHERE type = ? AND id = ?");
    this.#read = database.prepare("SELECT data FROM timed WHERE number = ?");
    this.#put = database.prepare(
      `INSERT INTO timed (type, id, appears, goes, data, raw, has_ended) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (type, id) DO UPDATE SET appears = excluded.appears, goes = excluded.goes, data = excluded.data, raw = excluded.raw,
           has_ended = excluded.has_ended`,
    );
    this.#remove = database.prepare("DELETE FROM timed WHERE type = ? AND id = ?");
    this.#hidden = database.prepare("SELECT number FROM timed WHERE type = ? AND data IS NOT NULL");
    this.#all = database.prepare("SELECT * FROM timed WHERE type = ?");
  }

  find(id: string): TimedRow | undefined {
    const row = this.#find.get(this.#type, id);
    return row === undefined ? undefined : toTimedRow(row);
  }

  text(number: number): string | undefined {
    const data = this.#read.get(number)?.["data"];
    return typeof data === "string" ? data : undefined;
  }

  /** Notes an entity that is there. */
  putThere(id: string, { appears, goes }: VisibleTime): void {
    this.#put.run(this.#type, id, appears ?? null, goes ?? null, null, null, 0);
  }

  /** Keeps an entity that isn't there. */
  putAway(
    id: string,
    { appears, goes }: VisibleTime,
    presence: "before" | "after",
    data: string,
    raw: Uint8Array | null,
  ): void {
    this.#put.run(this.#type, id, appears ?? null, goes ?? null, data, raw, presence === "after" ? 1 : 0);
  }

  remove(id: string): void {
    this.#remove.run(this.#type, id);
  }

  /** Numbers of those that aren't there. */
  hidden(): readonly number[] {
    return this.#hidden.all(this.#type).map((row) => Number(row["number"]));
  }

  all(): readonly TimedRow[] {
    return this.#all.all(this.#type).map(toTimedRow);
  }
}

/** A store that an older rekiln made has none: what it hid counts as not there yet. */
function addMissingColumn(database: DatabaseSync): void {
  const columns = database.prepare("SELECT name FROM pragma_table_info('timed')").all();
  if (columns.some(({ name }) => name === "has_ended")) return;
  database.exec("ALTER TABLE timed ADD COLUMN has_ended INTEGER NOT NULL DEFAULT 0");
}

function toTimedRow(row: Readonly<Record<string, unknown>>): TimedRow {
  const at = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
  return {
    number: Number(row["number"]),
    id: String(row["id"]),
    appears: at(row["appears"]),
    goes: at(row["goes"]),
    data: typeof row["data"] === "string" ? row["data"] : undefined,
    presence: typeof row["data"] !== "string" ? "there" : row["has_ended"] === 1 ? "after" : "before",
    raw: row["raw"] instanceof Uint8Array ? row["raw"] : null,
  };
}

/** What an entity that isn't there holds, as text; undefined when there is no such one. */
export function hiddenText(database: DatabaseSync, type: string, id: string): string | undefined {
  const isThere = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'timed'").get() !== undefined;
  if (!isThere) return undefined;
  const sql = "SELECT data FROM timed WHERE type = (SELECT number FROM type WHERE name = ?) AND id = ?";
  const data = database.prepare(sql).get(type, id)?.["data"];
  return typeof data === "string" ? data : undefined;
}
