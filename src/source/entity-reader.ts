import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

import type { EntityData, EntityModel, OrderField, WhereValues } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { compareSortKeys, fromOrderKey, orderKey } from "../core/order.ts";
import type { SortKey } from "../core/order.ts";
import type { Scalar } from "../core/read.ts";
import { anyOf, sortKeyOfEntity } from "../core/tuple.ts";
import { countQuery, fieldNumber, orderedQuery } from "./entity-query.ts";
import { keyOf, ListShapes, orderText } from "./list-shapes.ts";
import { openEntityDatabase, prepareRows, readMeta, typeTables } from "./entity-schema.ts";
import type { TypeTable } from "./entity-schema.ts";
import { GenerationCache } from "./generation-cache.ts";
import type { EntityRecord, Snapshot, SourceReader, ValueCount } from "./source.ts";

/** Of each type, for one thread: entities known by their id, and bytes of entity text kept parsed. */
const RECORD_CACHE_ENTRIES = 20_000;
const ENTITY_CACHE_BYTES = 1 << 20;
/** Rows of lists kept in order; where ids are kept with them, each counts as so many rows. */
const LIST_CACHE_ROWS = 1 << 17;
const LIST_IDS_MAX = 50_000;
const ID_ROWS = 16;
/** Entities that one query prefetches. */
const PREFETCH_ENTITIES = 64;
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
      this.#snapshot?.end();
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
  /** Null for an id that isn't there. */
  readonly byId: GenerationCache<string, StoredRecord | null>;
  readonly data: GenerationCache<number, EntityData>;
  /** By field: whether a value is some entity's. */
  readonly values: Map<string, GenerationCache<Scalar, boolean>>;
  readonly read: (seq: number) => EntityData;
  /** Statements that find the sequence number of an id, the reverse, and many entities whole. */
  readonly bySql: { readonly id: string; readonly seq: string; readonly many: string };
  readonly shapes: ListShapes;
}

/** Rows of a list in order. */
interface OrderedRows {
  readonly seqs: Int32Array | readonly number[];
  /** Unless there are too many to keep. */
  readonly ids: readonly string[] | undefined;
}

const NO_ROWS: OrderedRows = { seqs: [], ids: [] };

/** An entity whose data is read when it is asked for. */
class StoredRecord implements EntityRecord {
  readonly id: string;
  readonly #seq: number;
  readonly #read: (seq: number) => EntityData;

  constructor(id: string, seq: number, read: (seq: number) => EntityData) {
    this.id = id;
    this.#seq = seq;
    this.#read = read;
  }

  get data(): EntityData {
    return this.#read(this.#seq);
  }
}

function keep(cache: Pick<EntityCache, "data">, seq: number, text: string): EntityData {
  // Stored data is what `JSON.stringify` of an entity gave.
  const data = JSON.parse(text) as EntityData;
  cache.data.set(seq, data, text.length);
  return data;
}

class EntitySnapshot implements Snapshot {
  readonly version: number;
  readonly #database: DatabaseSync;
  readonly #tables: ReadonlyMap<string, TypeTable>;
  readonly #statements = new Map<string, StatementSync>();
  readonly #entities = new Map<string, EntityCache>();
  readonly #lists = new GenerationCache<string, OrderedRows>(LIST_CACHE_ROWS);
  readonly #values = new GenerationCache<string, readonly ValueCount[]>(VALUE_CACHE_ENTRIES);
  readonly #counts = new GenerationCache<string, number>(VALUE_CACHE_ENTRIES);
  /** The list that was asked for last: whoever lists will count. */
  #listed: { readonly table: TypeTable; readonly where: WhereValues; readonly count: number } | undefined;
  #isEnded = false;

  constructor(database: DatabaseSync, tables: ReadonlyMap<string, TypeTable>, version: number) {
    this.#database = database;
    this.#tables = tables;
    this.version = version;
  }

  get(type: string, id: string): EntityRecord | undefined {
    const cache = this.#cache(type);
    const cached = cache.byId.get(id);
    if (cached !== undefined) return cached ?? undefined;
    // SQLite would take half a character for another one.
    const row = id.isWellFormed() ? this.#first(cache.bySql.id, id) : undefined;
    const record = row === undefined ? null : new StoredRecord(id, Number(row[0]), cache.read);
    cache.byId.set(id, record, 1);
    return record ?? undefined;
  }

  prefetch(type: string, ids: readonly string[]): void {
    const cache = this.#cache(type);
    for (let start = 0; start < ids.length; start += PREFETCH_ENTITIES) {
      const wanted = ids.slice(start, start + PREFETCH_ENTITIES).filter((id) => id.isWellFormed());
      while (wanted.length < PREFETCH_ENTITIES) wanted.push(wanted.at(-1) ?? "");
      for (const [seq, id, data] of this.#all(cache.bySql.many, wanted)) {
        const record = new StoredRecord(String(id), Number(seq), cache.read);
        cache.byId.set(record.id, record, 1);
        keep(cache, Number(seq), String(data));
      }
    }
  }

  list(
    type: string,
    where: WhereValues,
    order: readonly OrderField[],
    offset: number,
    limit: number,
  ): readonly EntityRecord[] {
    const cache = this.#cache(type);
    const fields = Object.keys(where);
    const [field] = fields;
    if (field !== undefined && fields.length === 1 && offset === 0 && limit <= MERGE_ROWS_MAX) {
      const values = anyOf(where[field] ?? []);
      if (values.length > 1) return this.#merged(cache, field, values, order, limit);
    }
    const rows = this.#ordered(cache, where, order);
    const records: EntityRecord[] = [];
    const end = Math.min(offset + limit, rows.seqs.length);
    for (let index = offset; index < end; index++) records.push(this.#record(cache, rows, index));
    return records;
  }

  #record(cache: EntityCache, { seqs, ids }: OrderedRows, index: number): EntityRecord {
    const seq = seqs[index] ?? 0;
    const id = ids?.[index] ?? String(this.#first(cache.bySql.seq, seq)?.[0]);
    return new StoredRecord(id, seq, cache.read);
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
    if (this.#listed?.where === where && this.#listed.table === table) return this.#listed.count;
    const key = keyOf(table, where, "");
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const { sql, values } = countQuery(table, where);
    const counted = Number(this.#first(sql, ...values)?.[0] ?? 0);
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
      const data = new GenerationCache<number, EntityData>(ENTITY_CACHE_BYTES);
      const sql = `SELECT data FROM ${table.entities} WHERE seq = ?`;
      const made: EntityCache = {
        table,
        byId: new GenerationCache(RECORD_CACHE_ENTRIES),
        data,
        values: new Map(),
        read: (seq) => this.#read({ data }, sql, seq),
        bySql: {
          id: `SELECT seq FROM ${table.entities} WHERE id = ?`,
          seq: `SELECT id FROM ${table.entities} WHERE seq = ?`,
          many: `SELECT seq, id, data FROM ${table.entities} WHERE id IN (${Array(PREFETCH_ENTITIES).fill("?").join(", ")})`,
        },
        shapes: new ListShapes(table),
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

  /** The rows of a list in order. */
  #ordered(cache: EntityCache, where: WhereValues, order: readonly OrderField[]): OrderedRows {
    const { table } = cache;
    const rows = this.#orderedBySingle(cache, where, order) ?? this.#orderedByAny(table, where, order);
    this.#listed = { table, where, count: rows.seqs.length };
    return rows;
  }

  /** The same where the condition is one value of one field; undefined where it isn't. */
  #orderedBySingle(cache: EntityCache, where: WhereValues, order: readonly OrderField[]): OrderedRows | undefined {
    const fields = Object.keys(where);
    const [field] = fields;
    const value = field === undefined ? undefined : where[field];
    if (field === undefined || fields.length > 1 || typeof value === "object" || value === undefined) return undefined;
    if (typeof value === "string" && !value.isWellFormed()) return undefined;
    const shape = cache.shapes.of(field, order);
    const key = `${shape.key}${typeof value === "string" ? '"' : ""}${value}`;
    return this.#lists.get(key) ?? this.#keepList(key, this.#all(shape.sql, [shape.fieldNumber, orderKey(value)]));
  }

  #orderedByAny(table: TypeTable, where: WhereValues, order: readonly OrderField[]): OrderedRows {
    const key = keyOf(table, where, orderText(order));
    const cached = this.#lists.get(key);
    if (cached !== undefined) return cached;
    const { sql, values } = orderedQuery(table, where, order);
    return this.#keepList(key, this.#all(sql, values));
  }

  /** @param rows sequence numbers and ids */
  #keepList(key: string, rows: readonly unknown[][]): OrderedRows {
    // Most pages ask for lists of their own, and many of these are empty.
    if (rows.length === 0) return NO_ROWS;
    const keepsIds = rows.length <= LIST_IDS_MAX;
    const seqs = new Int32Array(rows.length);
    for (let index = 0; index < rows.length; index++) seqs[index] = Number(rows[index]?.[0]);
    const ordered = { seqs, ids: keepsIds ? rows.map(([, id]) => String(id)) : undefined };
    this.#lists.set(key, ordered, seqs.length * (keepsIds ? ID_ROWS : 1));
    return ordered;
  }

  /**
   * The first rows of a list whose one field may have any of several values: those of each value's own list, merged.
   * Each of those lists is sorted once a snapshot, where the whole would be sorted for each set of values.
   */
  #merged(
    cache: EntityCache,
    field: string,
    wanted: readonly Scalar[],
    order: readonly OrderField[],
    limit: number,
  ): EntityRecord[] {
    const found = new Map<string, { readonly record: EntityRecord; readonly key: SortKey }>();
    for (const value of wanted) {
      const rows = this.#ordered(cache, { [field]: value }, order);
      for (let index = 0; index < Math.min(limit, rows.seqs.length); index++) {
        const record = this.#record(cache, rows, index);
        if (!found.has(record.id)) found.set(record.id, { record, key: sortKeyOfEntity(order, record) });
      }
    }
    return [...found.values()]
      .sort((left, right) => compareSortKeys(order, left.key, right.key))
      .slice(0, limit)
      .map(({ record }) => record);
  }

  #read(cache: Pick<EntityCache, "data">, sql: string, seq: number): EntityData {
    const cached = cache.data.get(seq);
    if (cached !== undefined) return cached;
    if (this.#isEnded) throw new Error("an entity of a snapshot that has ended");
    return keep(cache, seq, String(this.#first(sql, seq)?.[0]));
  }

  end(): void {
    this.#isEnded = true;
  }

  // With `setReturnArrays` each row is an array; the types of node:sqlite don't say so.

  #all(sql: string, values: readonly SQLInputValue[]): unknown[][] {
    return this.#statement(sql).all(...values) as unknown as unknown[][];
  }

  #first(sql: string, ...values: readonly SQLInputValue[]): unknown[] | undefined {
    return this.#statement(sql).get(...values) as unknown as unknown[] | undefined;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = prepareRows(this.#database, sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function scalar(key: unknown): Scalar {
  const value = key instanceof Uint8Array ? fromOrderKey(key) : null;
  if (value === null) throw new TypeError("an index row without a value");
  return value;
}
