import { nearestName } from "./nearest-name.ts";
import type { Report } from "./problem.ts";

export type UnknownObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is UnknownObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `film, director`, for hints. */
function named(names: Iterable<string>): string {
  return [...names].toSorted().join(", ");
}

/** "did you mean X?" when a known name is near, else the names that are known. */
export function suggest(name: string, known: Iterable<string>, what: string): string {
  const names = [...known];
  const nearest = nearestName(name, names);
  if (nearest !== undefined) return `write ${nearest}`;
  return names.length === 0 ? `declare one first: there are no ${what}` : `use one of the ${what}: ${named(names)}`;
}

/** Reports each key of `object` that isn't `known`, with the key that was probably meant. */
export function checkKeys(path: string, object: UnknownObject, known: readonly string[], report: Report): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue;
    const nearest = nearestName(key, known);
    const hint = nearest === undefined ? `remove it; the known keys are ${named(known)}` : `write ${nearest}`;
    report(path === "" ? key : `${path}.${key}`, "is no known key", hint);
  }
}
