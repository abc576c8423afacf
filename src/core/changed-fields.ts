import type { EntityData } from "./entity.ts";

/** The fields in which two versions of an entity differ, as they are stored; those that only one of them has too. */
export function changedFields(old: EntityData, now: EntityData): string[] {
  const fields: string[] = [];
  for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const was = Object.hasOwn(old, field) ? JSON.stringify(old[field]) : undefined;
    const is = Object.hasOwn(now, field) ? JSON.stringify(now[field]) : undefined;
    if (was !== is) fields.push(field);
  }
  return fields;
}
