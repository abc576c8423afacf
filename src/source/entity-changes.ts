import type { DatabaseSync } from "node:sqlite";

import type { EntityChange } from "../core/change.ts";
import type { Tuple } from "../core/tuple.ts";
import { readMeta } from "./entity-schema.ts";

/**
 * What changed in an entity store after `version`, the changes of one entity in one: the newest version, the union of
 * the fields and of the values before. Undefined when the store no longer knows all of them.
 */
export function readChanges(database: DatabaseSync, version: number): readonly EntityChange[] | undefined {
  if (version < Number(readMeta(database, "changes_from") ?? Number.POSITIVE_INFINITY)) return undefined;
  const merged = new Map<
    string,
    { type: string; id: string; version: number; fields: Set<string> | undefined; before: Map<string, Tuple | null> }
  >();
  const rows = database.prepare(
    "SELECT type, id, version, fields, before FROM change WHERE version > ? ORDER BY version",
  );
  for (const row of rows.iterate(version)) {
    const type = String(row["type"]);
    const id = String(row["id"]);
    const key = `${type}\0${id}`;
    const change = merged.get(key) ?? {
      type,
      id,
      version: 0,
      fields: new Set<string>(),
      before: new Map<string, Tuple | null>(),
    };
    merged.set(key, change);
    change.version = Number(row["version"]);
    const before = String(row["before"]);
    // Both columns are what `EntityWriter` wrote.
    if (!change.before.has(before)) change.before.set(before, JSON.parse(before) as Tuple | null);
    if (row["fields"] === null) change.fields = undefined;
    else for (const field of JSON.parse(String(row["fields"])) as string[]) change.fields?.add(field);
  }
  return [...merged.values()].map(({ fields, before, ...change }) => ({
    ...change,
    fields: fields === undefined ? undefined : [...fields],
    before: [...before.values()],
  }));
}
