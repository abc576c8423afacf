import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

import type { EntityData, EntityModel } from "../core/entity.ts";
import { orderKey } from "../core/order.ts";
import type { Scalar } from "../core/read.ts";
import { sortValue, valuesOf } from "../core/tuple.ts";
import { GenerationCache } from "./generation-cache.ts";

/** Characters and values kept as order keys, for all types of a commit. */
const KEYS_WEIGHT = 1 << 20;
const KEY_CHARACTERS_MAX = 200;
/** Rows that one statement stages: what a call costs is most of what staging a row costs. */
const STAGED_ROWS = 8;

/** Order keys of values that come again and again. */
export class OrderKeys {
  readonly #cache = new GenerationCache<Scalar, Uint8Array>(KEYS_WEIGHT);

  of(value: Scalar | null): Uint8Array {
    if (value === null || (typeof value === "string" && value.length > KEY_CHARACTERS_MAX)) return orderKey(value);
    // A map takes -0 for 0, and so does `orderKey`.
    const cached = this.#cache.get(value);
    if (cached !== undefined) return cached;
    const key = orderKey(value);
    this.#cache.set(value, key, key.length + 32);
    return key;
  }
}

/**
 * The rows of one type's value table, `v<n>`, within a transaction. While the type's tables were empty before, rows are laid
 * aside without an index, and moved in their order at the end: a row at a random place costs five times as much.
 */
export class EntityValues {
  readonly #database: DatabaseSync;
  readonly #model: EntityModel;
  readonly #keys: OrderKeys;
  readonly #number: number;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  #stage: StatementSync | undefined;
  #staged: SQLInputValue[] = [];

  /** @param isEmpty whether neither an entity nor a value of the type is stored */
  constructor(database: DatabaseSync, model: EntityModel, number: number, keys: OrderKeys, isEmpty: boolean) {
    this.#database = database;
    this.#model = model;
    this.#keys = keys;
    this.#number = number;
    this.#insert = database.prepare(`INSERT OR IGNORE INTO v${number} VALUES (?, ?, ?, ?)`);
    this.#delete = database.prepare(`DELETE FROM v${number} WHERE field = ? AND value = ? AND id = ?`);
    if (!isEmpty) return;
    database.exec(
      `CREATE TEMP TABLE staged${number} (field INTEGER NOT NULL, value BLOB NOT NULL, seq INTEGER NOT NULL)`,
    );
    const rows = Array(STAGED_ROWS).fill("(?, ?, ?)").join(", ");
    this.#stage = database.prepare(`INSERT INTO staged${number} VALUES ${rows}`);
  }

  /** The sort key of each indexed field, in their order. */
  sortKeys(entity: EntityData): Uint8Array[] {
    return this.#model.index.map((name) => this.#keys.of(sortValue(Object.hasOwn(entity, name) ? entity[name] : null)));
  }

  insert(entity: EntityData, seq: number): void {
    for (const [field, name] of this.#model.index.entries()) {
      if (!Object.hasOwn(entity, name)) continue;
      for (const value of valuesOf(entity[name])) {
        const key = this.#keys.of(value);
        if (this.#stage === undefined) {
          this.#insert.run(field, key, entity.id, seq);
          continue;
        }
        this.#staged.push(field, key, seq);
        if (this.#staged.length < 3 * STAGED_ROWS) continue;
        this.#stage.run(...this.#staged);
        this.#staged.length = 0;
      }
    }
  }

  delete(entity: EntityData): void {
    this.finish();
    for (const [field, name] of this.#model.index.entries()) {
      if (!Object.hasOwn(entity, name)) continue;
      for (const value of valuesOf(entity[name])) this.#delete.run(field, this.#keys.of(value), entity.id);
    }
  }

  /** Moves what was laid aside to its place. From then on rows go there at once. */
  finish(): void {
    if (this.#stage === undefined) return;
    this.#stage = undefined;
    const table = `temp.staged${this.#number}`;
    const stageOne = this.#database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`);
    for (let start = 0; start < this.#staged.length; start += 3) stageOne.run(...this.#staged.slice(start, start + 3));
    this.#staged = [];
    this.#database.exec(`
      INSERT OR IGNORE INTO v${this.#number}
        SELECT s.field, s.value, e.id, s.seq FROM ${table} s CROSS JOIN e${this.#number} e ON e.seq = s.seq
        ORDER BY s.field, s.value, e.id;
      DROP TABLE ${table};
    `);
  }
}
