import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

import type { EntityData, EntityModel, OrderField, WhereValues } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { compareSortKeys, fromOrderKey, orderKey } from "../core/order.ts";
import type { SortKey } from "../core/order.ts";
import type { Scalar } from "../core/read.ts";
import { anyOf, sortKeyOf, tupleOf } from "../core/tuple.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { countQuery, fieldNumber, orderedQuery } from "./entity-query.ts";
import { openEntityDatabase, prepareRows, readMeta, typeTables } from "./entity-schema.ts";
import type { TypeTable } from "./entity-schema.ts";
import { GenerationCache } from "./generation-cache.ts";
import type { Snapshot, SourceReader, ValueCount } from "./source.ts";

/** Bytes of a type's entity text kept parsed, and rows of lists kept in order, for one thread. */
const ENTITY_CACHE_BYTES = 2 << 20;
const LIST_CACHE_ROWS = 1 << 20;
const VALUE_CACHE_ENTRIES = 20_000;
/** Up to this many rows the lists of several values are merged. */
const MERGE_ROWS_MAX = 1000;

/** Reads an entity store. One read transaction at a time is one snapshot. */
export class EntityReader implements SourceReader {
  readonly #database: DatabaseSync;
  readonly #models: ReadonlyMap<string, EntityModel>;
  #snapshot: EntitySnapshot | undefined;
  #open = false;

  constructor(file: string, models: ReadonlyMap<string, EntityModel>) {
    this.#database = openEntityDatabase(file, { readOnly: true });
    this.#models = models;
  }

  snapshot(): Snapshot {
    if (this.#open) this.#database.exec("COMMIT");
    this.#database.exec("BEGIN");
    this.#open = true;
    const version = Number(readMeta(this.#database, "version"));
    // What was cached at a version is true at that version for ever.
    if (this.#snapshot?.version !== version) {
      this.#snapshot = new EntitySnapshot(this.#database, typeTables(this.#models, this.#database), version);
    }
    return this.#snapshot;
  }

  [Symbol.dispose](): void {
    this.#snapshot = undefined;
    this.#database.close();
  }
}

/** What is known of one type at one version. */
interface EntityCache {
  readonly table: TypeTable;
  readonly byId: GenerationCache<string, EntityData>;
  readonly bySeq: GenerationCache<number, EntityData>;
  /** By field: whether a value is some entity's. */
  readonly values: Map<string, GenerationCache<Scalar, boolean>>;
}

function keep(cache: EntityCache, seq: number, text: string): EntityData {
  // Stored data is what `JSON.stringify` of an entity gave.
  const entity = deepFreeze(JSON.parse(text)) as EntityData;
  cache.byId.set(entity.id, entity, text.length);
  cache.bySeq.set(seq, entity, text.length);
  return entity;
}

class EntitySnapshot implements Snapshot {
  readonly version: number;
  readonly #database: DatabaseSync;
  readonly #tables: ReadonlyMap<string, TypeTable>;
  readonly #statements = new Map<string, StatementSync>();
  readonly #entities = new Map<string, EntityCache>();
  readonly #lists = new GenerationCache<string, Int32Array>(LIST_CACHE_ROWS);
  readonly #values = new GenerationCache<string, readonly ValueCount[]>(VALUE_CACHE_ENTRIES);
  readonly #counts = new GenerationCache<string, number>(VALUE_CACHE_ENTRIES);

  constructor(database: DatabaseSync, tables: ReadonlyMap<string, TypeTable>, version: number) {
    this.#database = database;
    this.#tables = tables;
    this.version = version;
  }

  get(type: string, id: string): EntityData | undefined {
    const cache = this.#cache(type);
    // SQLite would take half a character for another one.
    if (!id.isWellFormed()) return undefined;
    const cached = cache.byId.get(id);
    if (cached !== undefined) return cached;
    const row = this.#all(`SELECT seq, data FROM ${cache.table.entities} WHERE id = ?`, [id])[0];
    return row === undefined ? undefined : keep(cache, Number(row[0]), String(row[1]));
  }

  list(
    type: string,
    where: WhereValues,
    order: readonly OrderField[],
    offset: number,
    limit: number,
  ): readonly EntityData[] {
    const table = this.#table(type);
    const [[field, wanted] = [], another] = Object.entries(where);
    if (
      field !== undefined &&
      wanted !== undefined &&
      another === undefined &&
      offset === 0 &&
      limit <= MERGE_ROWS_MAX
    ) {
      const values = anyOf(wanted);
      if (values.length > 1) return this.#merged(table, field, values, order, limit);
    }
    const seqs = this.#ordered(table, where, order);
    const rows: EntityData[] = [];
    for (let index = offset; index < Math.min(offset + limit, seqs.length); index++) {
      const row = this.#bySequence(table, seqs[index] ?? 0);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }

  has(type: string, field: string, value: Scalar): boolean {
    const cache = this.#cache(type);
    let known = cache.values.get(field);
    if (known === undefined) {
      known = new GenerationCache(VALUE_CACHE_ENTRIES);
      cache.values.set(field, known);
    }
    const cached = known.get(value);
    if (cached !== undefined) return cached;
    const sql = `SELECT 1 FROM ${cache.table.values} WHERE field = ? AND value = ? LIMIT 1`;
    const found = this.#all(sql, [fieldNumber(cache.table, field), orderKey(value)]).length > 0;
    known.set(value, found, 1);
    return found;
  }

  count(type: string, where: WhereValues): number {
    const table = this.#table(type);
    const key = `${table.entities}${JSON.stringify(where)}`;
    const listed = this.#counts.get(key);
    if (listed !== undefined) return listed;
    const { sql, values } = countQuery(table, where);
    const counted = Number(this.#all(sql, values)[0]?.[0] ?? 0);
    this.#counts.set(key, counted, 1);
    return counted;
  }

  values(type: string, field: string): readonly ValueCount[] {
    const key = `${type}\0${field}`;
    const cached = this.#values.get(key);
    if (cached !== undefined) return cached;
    const table = this.#table(type);
    const counted = this.#all(
      `SELECT value, count(*) FROM ${table.values} WHERE field = ? GROUP BY value ORDER BY value`,
      [fieldNumber(table, field)],
    ).map(([value, count]) => Object.freeze({ value: scalar(value), count: Number(count) }));
    this.#values.set(key, counted, counted.length);
    return counted;
  }

  ids(type: string, after: string | undefined, limit: number): readonly string[] {
    const table = this.#table(type);
    const rows =
      after === undefined
        ? this.#all(`SELECT id FROM ${table.entities} ORDER BY id LIMIT ?`, [limit])
        : this.#all(`SELECT id FROM ${table.entities} WHERE id > ? ORDER BY id LIMIT ?`, [after, limit]);
    return rows.map(([id]) => String(id));
  }

  distinct(type: string, field: string, after: Scalar | undefined, limit: number): readonly Scalar[] {
    const table = this.#table(type);
    const number = fieldNumber(table, field);
    const found: Scalar[] = [];
    // One index seek a value, however many entities have it.
    let last = after === undefined ? undefined : orderKey(after);
    while (found.length < limit) {
      const row: unknown[] | undefined =
        last === undefined
          ? this.#all(`SELECT min(value) FROM ${table.values} WHERE field = ?`, [number])[0]
          : this.#all(`SELECT min(value) FROM ${table.values} WHERE field = ? AND value > ?`, [number, last])[0];
      const value = row?.[0];
      if (!(value instanceof Uint8Array)) break;
      found.push(scalar(value));
      last = value;
    }
    return found;
  }

  #table(type: string): TypeTable {
    return this.#cache(type).table;
  }

  #cache(type: string): EntityCache {
    const cache = this.#entities.get(type);
    if (cache !== undefined) return cache;
    const table = this.#tables.get(type);
    if (table !== undefined) {
      const made: EntityCache = {
        table,
        byId: new GenerationCache(ENTITY_CACHE_BYTES),
        bySeq: new GenerationCache(ENTITY_CACHE_BYTES),
        values: new Map(),
      };
      this.#entities.set(type, made);
      return made;
    }
    throw new RekilnError({
      code: "type-unknown",
      message: `There is no entity type ${JSON.stringify(type)}.`,
      disposition: "fatal",
      hint: `Declare it in defineEntities, or use one of: ${[...this.#tables.keys()].join(", ")}.`,
    });
  }

  /** The sequence numbers of a list's rows in order. */
  #ordered(table: TypeTable, where: WhereValues, order: readonly OrderField[]): Int32Array {
    const key = `${table.entities}${JSON.stringify([where, order])}`;
    const cached = this.#lists.get(key);
    if (cached !== undefined) return cached;
    const { sql, values } = orderedQuery(table, where, order);
    const rows = this.#all(sql, values);
    const seqs = new Int32Array(rows.length);
    for (let index = 0; index < rows.length; index++) seqs[index] = Number(rows[index]?.[0]);
    this.#lists.set(key, seqs, seqs.length);
    return seqs;
  }

  /**
   * The first rows of a list whose one field may have any of several values: those of each value's own list, merged.
   * Each of those lists is sorted once a snapshot, where the whole would be sorted for each set of values.
   */
  #merged(
    table: TypeTable,
    field: string,
    wanted: readonly Scalar[],
    order: readonly OrderField[],
    limit: number,
  ): EntityData[] {
    const rows = new Map<string, { readonly entity: EntityData; readonly key: SortKey }>();
    for (const value of wanted) {
      const seqs = this.#ordered(table, { [field]: value }, order);
      for (const seq of seqs.subarray(0, limit)) {
        const entity = this.#bySequence(table, seq);
        if (entity === undefined || rows.has(entity.id)) continue;
        rows.set(entity.id, { entity, key: sortKeyOf(order, tupleOf(table.model, entity)) });
      }
    }
    return [...rows.values()]
      .sort((left, right) => compareSortKeys(order, left.key, right.key))
      .slice(0, limit)
      .map(({ entity }) => entity);
  }

  #bySequence(table: TypeTable, seq: number): EntityData | undefined {
    const cache = this.#cache(table.model.name);
    const cached = cache.bySeq.get(seq);
    if (cached !== undefined) return cached;
    const row = this.#all(`SELECT data FROM ${table.entities} WHERE seq = ?`, [seq])[0];
    return row === undefined ? undefined : keep(cache, seq, String(row[0]));
  }

  #all(sql: string, values: readonly SQLInputValue[]): unknown[][] {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = prepareRows(this.#database, sql);
      this.#statements.set(sql, statement);
    }
    // With `setReturnArrays` each row is an array; the types of node:sqlite don't say so.
    return statement.all(...values) as unknown as unknown[][];
  }
}

function scalar(key: unknown): Scalar {
  const value = key instanceof Uint8Array ? fromOrderKey(key) : null;
  if (value === null) throw new TypeError("an index row without a value");
  return value;
}
