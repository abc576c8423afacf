import type { EntityData } from "../core/entity.ts";

/** Asked of a view it gives where its use is recorded. */
const BEHIND = Symbol("behind");

/**
 * What a page used of one entity, and the traps of its view. Symbols, `then` and `toJSON` are asked by the language,
 * not by the page. One object for all of it, since a page of lists has hundreds.
 */
export class EntityUse implements ProxyHandler<EntityData> {
  readonly type: string;
  readonly id: string;
  /** Hands out the frozen entity so that what is used of it is recorded here; undefined when there is none. */
  readonly view: EntityData | undefined;
  /** Each once. */
  readonly fields: string[] = [];
  /** Spread, serialised or enumerated: whatever the entity holds was used. */
  usesAll = false;
  /** Asked for by name: that it exists, or doesn't, was used too. A row of a list is in the list's window. */
  isNamed = false;

  constructor(type: string, id: string, entity: EntityData | undefined) {
    this.type = type;
    this.id = id;
    this.view = entity === undefined ? undefined : new Proxy(entity, this);
  }

  get(target: EntityData, property: string | symbol): unknown {
    if (typeof property === "symbol") return property === BEHIND ? this : undefined;
    if (Object.hasOwn(target, property)) {
      this.#note(property);
      return target[property];
    }
    if (property !== "then" && property !== "toJSON") this.#note(property);
    return undefined;
  }

  has(target: EntityData, property: string | symbol): boolean {
    if (typeof property === "symbol") return false;
    this.#note(property);
    return Object.hasOwn(target, property);
  }

  ownKeys(target: EntityData): string[] {
    this.usesAll = true;
    return Object.keys(target);
  }

  getOwnPropertyDescriptor(target: EntityData, property: string | symbol): PropertyDescriptor | undefined {
    if (typeof property === "string") this.#note(property);
    return Reflect.getOwnPropertyDescriptor(target, property);
  }

  #note(field: string): void {
    if (!this.fields.includes(field)) this.fields.push(field);
  }
}

/** Where the use of a view is recorded; undefined for anything that isn't a view. */
export function useOfView(value: unknown): EntityUse | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // Only a view's traps know the symbol.
  return Reflect.get(value, BEHIND) as EntityUse | undefined;
}
