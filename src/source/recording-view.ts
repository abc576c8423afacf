import type { EntityData } from "../core/entity.ts";

/** The fields of one entity that a page used. */
export interface FieldUse {
  readonly type: string;
  readonly id: string;
  readonly fields: Set<string>;
  /** Spread, serialised or enumerated: whatever the entity holds was used. */
  usesAll: boolean;
}

/** Asked of a view it gives what is behind it. */
const BEHIND = Symbol("behind");

/** The traps of a view. Symbols, `then` and `toJSON` are asked by the language, not by the page. */
class Recorder implements ProxyHandler<EntityData> {
  readonly #use: FieldUse;

  constructor(use: FieldUse) {
    this.#use = use;
  }

  get(target: EntityData, property: string | symbol): unknown {
    if (typeof property === "symbol") return property === BEHIND ? this.#use : undefined;
    if (Object.hasOwn(target, property)) {
      this.#use.fields.add(property);
      return target[property];
    }
    if (property !== "then" && property !== "toJSON") this.#use.fields.add(property);
    return undefined;
  }

  has(target: EntityData, property: string | symbol): boolean {
    if (typeof property === "symbol") return false;
    this.#use.fields.add(property);
    return Object.hasOwn(target, property);
  }

  ownKeys(target: EntityData): string[] {
    this.#use.usesAll = true;
    return Object.keys(target);
  }

  getOwnPropertyDescriptor(target: EntityData, property: string | symbol): PropertyDescriptor | undefined {
    if (typeof property === "string") this.#use.fields.add(property);
    return Reflect.getOwnPropertyDescriptor(target, property);
  }
}

/** Hands out a frozen entity so that the fields which are really used are added to `use`. */
export function recordingView(entity: EntityData, use: FieldUse): EntityData {
  return new Proxy(entity, new Recorder(use));
}

/** Where the use of a view is recorded; undefined for anything that isn't a view. */
export function useOfView(value: unknown): FieldUse | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // Only a view's traps know the symbol.
  return Reflect.get(value, BEHIND) as FieldUse | undefined;
}
