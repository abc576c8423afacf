import type { EntityChange } from "../core/change.ts";
import type { Scalar } from "../core/read.ts";
import { allRef, conditionRef, entityRef, existenceRef, existsRef, valuesRef } from "../core/ref.ts";
import type { RefHash } from "../core/ref.ts";
import { sameTuple, tupleOf, valuesOf } from "../core/tuple.ts";
import type { Tuple } from "../core/tuple.ts";
import type { Site } from "../site/site.ts";
import type { Lookups } from "./locate-page.ts";

/**
 * A ref that a change touches: the entity's own, that it exists, a condition (`film[*]` has no field), whether any entity has a value, or
 * the values of a field.
 */
export type TouchedRef =
  | { readonly kind: "entity" }
  | { readonly kind: "existence" }
  | { readonly kind: "list"; readonly field?: string; readonly value?: Scalar }
  | { readonly kind: "exists"; readonly field: string; readonly value: Scalar; readonly answer: boolean }
  | { readonly kind: "values"; readonly field: string };

/** A change with what its entity holds now. */
export interface ChangeWithAfter {
  readonly change: EntityChange;
  readonly after: Tuple | null;
  /** Created, deleted, or both in between: every ref to it is touched. */
  readonly existenceChanged: boolean;
  /** Whether a list can tell that it changed. */
  readonly movesInLists: boolean;
}

/** @returns undefined for a type that the site doesn't declare: it is on no page */
export function withAfter(site: Site, snapshot: Lookups, change: EntityChange): ChangeWithAfter | undefined {
  const model = site.entities.get(change.type);
  if (model === undefined) return undefined;
  const entity = snapshot.get(change.type, change.id);
  const after = entity === undefined ? null : tupleOf(model, entity.data);
  const existenceChanged = after === null || change.before.includes(null);
  const movesInLists = existenceChanged || change.before.some((before) => before !== null && !sameTuple(before, after));
  return { change, after, existenceChanged, movesInLists };
}

/** The refs that a change touches, each with what it was hashed of. */
export function refsTouchedBy(site: Site, one: ChangeWithAfter): ReadonlyMap<RefHash, TouchedRef> {
  const { change, after, existenceChanged, movesInLists } = one;
  const { type, id } = change;
  const refs = new Map<RefHash, TouchedRef>([[entityRef(type, id), { kind: "entity" }]]);
  if (existenceChanged) refs.set(existenceRef(type, id), { kind: "existence" });
  // A field that no list knows has changed: the lists are as they were.
  if (!movesInLists) return refs;
  refs.set(allRef(type), { kind: "list" });
  const tuples = new Set([...change.before, after]);
  for (const field of site.entities.get(type)?.index ?? []) {
    const times = new Map<Scalar, number>();
    for (const tuple of tuples) {
      for (const value of valuesOf(tuple?.fields[field])) times.set(value, (times.get(value) ?? 0) + 1);
    }
    let isAnswerTouched = false;
    for (const [value, had] of times) {
      refs.set(conditionRef(type, field, value), { kind: "list", field, value });
      // Whoever had it all the time, and has it still, changes neither whether any entity has it nor how many do.
      if (had === tuples.size) continue;
      isAnswerTouched = true;
      for (const answer of [true, false]) {
        refs.set(existsRef(type, field, value, answer), { kind: "exists", field, value, answer });
      }
    }
    if (isAnswerTouched) refs.set(valuesRef(type, field), { kind: "values", field });
  }
  return refs;
}

/** The refs that a change touches, as a snapshot that has it tells. */
export function touchedRefs(site: Site, snapshot: Lookups, change: EntityChange): Iterable<RefHash> {
  const one = withAfter(site, snapshot, change);
  return one === undefined ? [] : refsTouchedBy(site, one).keys();
}
