import type { Dependency } from "./dependency.ts";

/** Sets kept; more come only from templates that use fields by names of the data. */
const KEPT_MAX = 10_000;

/**
 * The fields that were used of an entity, in the order of their first use. There is one object for each way to the same
 * fields, whoever goes it: thousands of pages use the same ones, and share the list, the dependency and its text.
 */
export class FieldSet {
  static #kept = 0;
  readonly names: readonly string[];
  readonly #next = new Map<string, FieldSet>();
  #dependency: Dependency | undefined;

  constructor(names: readonly string[] = []) {
    this.names = names;
  }

  /** The set with a field; itself if it has it. */
  with(field: string): FieldSet {
    const known = this.#next.get(field);
    if (known !== undefined) return known;
    const next = this.names.includes(field) ? this : new FieldSet([...this.names, field]);
    if (FieldSet.#kept++ >= KEPT_MAX) {
      NO_FIELDS.#next.clear();
      FieldSet.#kept = 0;
    }
    this.#next.set(field, next);
    return next;
  }

  get dependency(): Dependency {
    this.#dependency ??= { kind: "entity", fields: this.names.toSorted() };
    return this.#dependency;
  }
}

export const NO_FIELDS = new FieldSet();
