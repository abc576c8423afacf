import type { EntityData, OrderField, WhereValues } from "../../src/core/entity.ts";
import { compareSortKeys, compareValues } from "../../src/core/order.ts";
import type { Scalar } from "../../src/core/read.ts";
import { anyOf, sortKeyOfEntity, valuesOf } from "../../src/core/tuple.ts";
import type { EntityRecord, Snapshot, ValueCount } from "../../src/source/source.ts";

/** Entities by type and id. Nobody changes them. */
export type Entities = ReadonlyMap<string, ReadonlyMap<string, EntityData>>;

const BY_ID: readonly OrderField[] = [];

/** What a source in memory held at one version. */
export class MemorySnapshot implements Snapshot {
  readonly version: number;
  readonly #entities: Entities;

  constructor(version: number, entities: Entities) {
    this.version = version;
    this.#entities = entities;
  }

  get(type: string, id: string): EntityRecord | undefined {
    const data = this.#of(type).get(id);
    return data === undefined ? undefined : { id, data };
  }

  prefetch(): void {
    // All is at hand.
  }

  list(
    type: string,
    where: WhereValues,
    order: readonly OrderField[],
    offset: number,
    limit: number,
  ): readonly EntityRecord[] {
    const keyed = this.#satisfying(type, where).map((record) => ({ record, key: sortKeyOfEntity(order, record) }));
    keyed.sort((left, right) => compareSortKeys(order, left.key, right.key));
    return keyed.slice(offset, offset + limit).map(({ record }) => record);
  }

  count(type: string, where: WhereValues): number {
    return this.#satisfying(type, where).length;
  }

  has(type: string, field: string, value: Scalar): boolean {
    return this.count(type, { [field]: value }) > 0;
  }

  values(type: string, field: string): readonly ValueCount[] {
    const counts = new Map<Scalar, number>();
    for (const data of this.#of(type).values()) {
      for (const value of valuesOf(data[field])) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts]
      .map(([value, count]) => ({ value, count }))
      .sort((left, right) => compareValues(left.value, right.value));
  }

  ids(type: string, after: string | undefined, limit: number): readonly string[] {
    const ids = this.list(type, {}, BY_ID, 0, Number.POSITIVE_INFINITY).map(({ id }) => id);
    return ids.filter((id) => after === undefined || compareValues(id, after) > 0).slice(0, limit);
  }

  distinct(type: string, field: string, after: Scalar | undefined, limit: number): readonly Scalar[] {
    const values = this.values(type, field).map(({ value }) => value);
    return values.filter((value) => after === undefined || compareValues(value, after) > 0).slice(0, limit);
  }

  #of(type: string): ReadonlyMap<string, EntityData> {
    const entities = this.#entities.get(type);
    if (entities === undefined) throw new Error(`there is no entity type ${type}`);
    return entities;
  }

  #satisfying(type: string, where: WhereValues): EntityRecord[] {
    const conditions = Object.entries(where);
    const records: EntityRecord[] = [];
    for (const [id, data] of this.#of(type)) {
      const isIn = conditions.every(([field, wanted]) => {
        const has = valuesOf(data[field]);
        return anyOf(wanted).some((value) => has.includes(value));
      });
      if (isIn) records.push({ id, data });
    }
    return records;
  }
}
