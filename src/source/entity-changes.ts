import type { DatabaseSync } from "node:sqlite";

import type { EntityChange } from "../core/change.ts";
import type { Tuple } from "../core/tuple.ts";
import { readMeta, writeMeta } from "./entity-schema.ts";

/** Above this many change rows, those of many commits, a build is whole anyway, and the older half goes. */
const CHANGES_STORED_MAX = 100_000;

/** A row of `change`. */
export interface ChangeRow {
  readonly number: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly fields: readonly string[] | undefined;
  readonly before: Tuple | null;
}

export function changeRow(row: Readonly<Record<string, unknown>>): ChangeRow {
  const fields = row["fields"];
  return {
    number: Number(row["number"]),
    type: String(row["type"]),
    id: String(row["id"]),
    version: Number(row["version"]),
    // Both columns are what `EntityWriter` wrote.
    fields: typeof fields === "string" ? (JSON.parse(fields) as string[]) : undefined,
    before: JSON.parse(String(row["before"])) as Tuple | null,
  };
}

/** Change rows of one entity in one: the newest version, the union of the fields, each of the tuples before once. */
export interface MergedChange {
  readonly change: EntityChange;
  readonly numbers: readonly number[];
}

/** Change rows, the oldest first, by entity. */
export function mergeChanges(rows: Iterable<ChangeRow>): readonly MergedChange[] {
  const merged = new Map<
    string,
    {
      first: ChangeRow;
      version: number;
      numbers: number[];
      fields: Set<string> | undefined;
      before: Map<string, Tuple | null>;
    }
  >();
  for (const row of rows) {
    // A type's name holds no NUL.
    const key = `${row.type}\0${row.id}`;
    let one = merged.get(key);
    if (one === undefined) {
      one = { first: row, version: 0, numbers: [], fields: new Set(), before: new Map() };
      merged.set(key, one);
    }
    one.version = Math.max(one.version, row.version);
    one.numbers.push(row.number);
    const before = JSON.stringify(row.before);
    if (!one.before.has(before)) one.before.set(before, row.before);
    if (row.fields === undefined) one.fields = undefined;
    else for (const field of row.fields) one.fields?.add(field);
  }
  return [...merged.values()].map(({ first, version, numbers, fields, before }) => ({
    change: {
      type: first.type,
      id: first.id,
      version,
      fields: fields === undefined ? undefined : [...fields],
      before: [...before.values()],
    },
    numbers,
  }));
}

/**
 * What changed in an entity store after `version`, the changes of one entity in one. Undefined when the store no
 * longer knows all of them.
 */
export function readChanges(database: DatabaseSync, version: number): readonly EntityChange[] | undefined {
  if (version < Number(readMeta(database, "changes_from") ?? Number.POSITIVE_INFINITY)) return undefined;
  const rows = database.prepare("SELECT * FROM change WHERE version > ? ORDER BY number").iterate(version);
  return mergeChanges(rows.map(changeRow)).map(({ change }) => change);
}

/** Drops the changes up to `version`, queued or not: a complete build has passed them. */
export function forgetChanges(database: DatabaseSync, version: number): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.prepare("DELETE FROM change WHERE version <= ?").run(version);
    if (Number(readMeta(database, "changes_from")) < version) writeMeta(database, "changes_from", version);
    if (Number(readMeta(database, "unqueued_until") ?? 0) <= version) {
      database.exec("DELETE FROM meta WHERE key = 'unqueued_until'");
    }
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Drops all changes of which there are too many to keep, those of the commit of `version` too: the next build is whole, and until
 * then the store says that the queue doesn't know of everything, unless it does. Part of the commit's transaction.
 */
export function forgetAllChanges(database: DatabaseSync, version: number, areQueued = false): void {
  database.exec("DELETE FROM change");
  writeMeta(database, "changes_from", version);
  if (!areQueued) writeMeta(database, "unqueued_until", version);
}

/** Keeps the number of changes bounded where no build ever passes them. Part of the commit of `version`. */
export function trimChanges(database: DatabaseSync, version: number): void {
  const span = database.prepare("SELECT min(number) AS first, max(number) AS last FROM change").get();
  const [first, last] = [Number(span?.["first"]), Number(span?.["last"])];
  if (last - first < CHANGES_STORED_MAX) return;
  const waiting = database.prepare("SELECT min(number) AS first FROM change WHERE queued = 0").get();
  const cut = Math.min(last - CHANGES_STORED_MAX / 2, Number(waiting?.["first"] ?? last) - 1);
  if (cut < first) {
    // The queue takes nothing: what waits is few entities that changed often, or more than is kept.
    if (last - Number(readMeta(database, "coalesced") ?? 0) < CHANGES_STORED_MAX / 2) return;
    const left = coalesceWaiting(database, last);
    if (left > CHANGES_STORED_MAX) forgetAllChanges(database, version);
    else writeMeta(database, "coalesced", last);
    return;
  }
  const row = database.prepare("SELECT max(version) AS version FROM change WHERE number <= ?").get(cut);
  database.prepare("DELETE FROM change WHERE number <= ?").run(cut);
  const from = Math.max(Number(row?.["version"]), Number(readMeta(database, "changes_from")));
  writeMeta(database, "changes_from", from);
}

/**
 * Makes one row of those that wait and say the same of an entity, with all fields where they tell of different ones. While the queue is down what waits is
 * a set then, bounded by what entities there are and were. The rows get new numbers, so that whoever has just sent the old ones marks none of them.
 * @returns how many rows there are now
 */
function coalesceWaiting(database: DatabaseSync, last: number): number {
  database
    .prepare(
      `INSERT INTO change (type, id, version, fields, before, queued)
         SELECT type, id, version, fields, before, 0 FROM (
           SELECT type, id, version, iif(count(DISTINCT ifnull(fields, '')) > 1, NULL, fields) AS fields, before, max(number) AS newest
             FROM change WHERE queued = 0 AND number <= ? GROUP BY type, id, before)
         ORDER BY newest`,
    )
    .run(last);
  database.prepare("DELETE FROM change WHERE queued = 0 AND number <= ?").run(last);
  return Number(database.prepare("SELECT count(*) AS count FROM change").get()?.["count"]);
}
