import type { EntityData, EntityModel, OrderField, WhereValues } from "./entity.ts";
import { compareValues } from "./order.ts";
import type { SortKey } from "./order.ts";
import type { Scalar } from "./read.ts";

/** The indexed fields of an entity at one version: what decides in which lists it stands, and where. */
export interface Tuple {
  readonly id: string;
  readonly fields: Readonly<Record<string, Scalar | readonly Scalar[] | null>>;
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** The values that an entity has in a field: none, one, or several without repetition. */
export function valuesOf(value: unknown): readonly Scalar[] {
  if (Array.isArray(value)) return [...new Set(value.filter(isScalar))];
  return isScalar(value) ? [value] : [];
}

/** The one value that a list sorts by: a field that holds several sorts by its lowest. */
export function sortValue(value: unknown): Scalar | null {
  if (!Array.isArray(value)) return isScalar(value) ? value : null;
  let lowest: Scalar | null = null;
  for (const one of value) {
    if (isScalar(one) && (lowest === null || compareValues(one, lowest) < 0)) lowest = one;
  }
  return lowest;
}

export function tupleOf(model: EntityModel, entity: EntityData): Tuple {
  const fields: Record<string, Scalar | readonly Scalar[] | null> = Object.create(null) as Record<string, never>;
  for (const field of model.index) {
    const value = Object.hasOwn(entity, field) ? entity[field] : null;
    fields[field] = Array.isArray(value) ? valuesOf(value) : isScalar(value) ? value : null;
  }
  return { id: entity.id, fields };
}

/** The values of a condition's field: an array means any of them. */
export function anyOf(wanted: Scalar | readonly Scalar[]): readonly Scalar[] {
  return Array.isArray(wanted) ? [...new Set(wanted as readonly Scalar[])] : [wanted as Scalar];
}

/** Whether an entity with these values stands in the list of a condition. */
export function satisfies(where: WhereValues, tuple: Tuple): boolean {
  for (const [field, wanted] of Object.entries(where)) {
    const has = valuesOf(tuple.fields[field]);
    if (!anyOf(wanted).some((value) => has.includes(value))) return false;
  }
  return true;
}

export function sortKeyOf(order: readonly OrderField[], tuple: Tuple): SortKey {
  return {
    values: order.map(({ field }) => (field === "id" ? tuple.id : sortValue(tuple.fields[field]))),
    id: tuple.id,
  };
}

/** The same of an entity whose tuple isn't needed; `data` is asked only for fields that aren't the id. */
export function sortKeyOfEntity(
  order: readonly OrderField[],
  entity: { readonly id: string; readonly data: EntityData },
): SortKey {
  const values = order.map(({ field }) => {
    if (field === "id") return entity.id;
    return Object.hasOwn(entity.data, field) ? sortValue(entity.data[field]) : null;
  });
  return { values, id: entity.id };
}

/** Whether two tuples hold the same values, so that no list can tell them apart. */
export function sameTuple(left: Tuple, right: Tuple): boolean {
  return JSON.stringify(left.fields) === JSON.stringify(right.fields);
}
