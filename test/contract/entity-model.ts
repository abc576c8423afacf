import type { EntityData, OrderField, WhereValues } from "../../src/core/entity.ts";
import { compareValues } from "../../src/core/order.ts";
import type { Scalar } from "../../src/core/read.ts";
import type { ValueCount } from "../../src/source/source.ts";

/** What a snapshot should answer, worked out from all entities by nothing but loops. */
export class EntityListModel {
  readonly #entities: readonly EntityData[];

  constructor(entities: readonly EntityData[]) {
    this.#entities = entities.toSorted((left, right) => compareValues(left.id, right.id));
  }

  ids(): readonly string[] {
    return this.#entities.map(({ id }) => id);
  }

  list(where: WhereValues, order: readonly OrderField[]): readonly string[] {
    const rows = this.#entities.filter((entity) =>
      Object.entries(where).every(([field, wanted]) => {
        const has = scalars(entity[field]);
        return (Array.isArray(wanted) ? (wanted as readonly Scalar[]) : [wanted]).some((value) =>
          has.some((one) => one === value),
        );
      }),
    );
    return rows
      .toSorted((left, right) => {
        for (const { field, descending } of order) {
          const compared = compareValues(lowest(left[field]), lowest(right[field]));
          if (compared !== 0) return descending ? -compared : compared;
        }
        return compareValues(left.id, right.id);
      })
      .map(({ id }) => id);
  }

  values(field: string): readonly ValueCount[] {
    const counts = new Map<Scalar, number>();
    for (const entity of this.#entities) {
      for (const value of new Set(scalars(entity[field]))) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].map(([value, count]) => ({ value, count })).toSorted((a, b) => compareValues(a.value, b.value));
  }
}

function scalars(value: unknown): readonly Scalar[] {
  const isScalar = (one: unknown): one is Scalar => ["string", "number", "boolean"].includes(typeof one);
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(isScalar);
}

function lowest(value: unknown): Scalar | null {
  return scalars(value).toSorted(compareValues)[0] ?? null;
}
