import type { EntityData } from "../core/entity.ts";
import { NO_FIELDS } from "../core/field-set.ts";
import type { FieldSet } from "../core/field-set.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { EntityRecord } from "./source.ts";

/** Asked of a view it gives where its use is recorded. */
const BEHIND = Symbol("behind");

/**
 * Behind all views. It holds nothing, so that an entity needn't be read before a field of it is; and it can be extended,
 * since the language lets a view tell of what its target hasn't got only then.
 */
const TARGET = Object.create(Object.prototype) as EntityData;

/**
 * What a page used of one entity, and the traps of its view. Symbols, `then` and `toJSON` are asked by the language,
 * not by the page. One object for all of it, since a page of lists has hundreds.
 */
export class EntityUse implements ProxyHandler<EntityData> {
  readonly type: string;
  readonly id: string;
  /** Hands out the entity, frozen, so that what is used of it is recorded here; undefined when there is none. */
  readonly view: EntityData | undefined;
  readonly #record: EntityRecord | undefined;
  #read: EntityData | undefined;
  #used = NO_FIELDS;
  /** Spread, serialised or enumerated: whatever the entity holds was used. */
  usesAll = false;
  /** Asked for by name: that it exists, or doesn't, was used too. A row of a list is in the list's window. */
  isNamed = false;

  constructor(type: string, id: string, record: EntityRecord | undefined) {
    this.type = type;
    this.id = id;
    this.#record = record;
    this.view = record === undefined ? undefined : new Proxy(TARGET, this);
  }

  /** The fields that were used, but for what `usesAll` says. */
  get used(): FieldSet {
    return this.#used;
  }

  /** Their names, each once. */
  get fields(): readonly string[] {
    return this.#used.names;
  }

  get(_target: EntityData, property: string | symbol): unknown {
    // An id never changes: whoever has the row knows it.
    if (property === "id") return this.id;
    if (typeof property === "symbol") return property === BEHIND ? this : undefined;
    const data = this.#data;
    if (Object.hasOwn(data, property)) {
      this.note(property);
      return deepFreeze(data[property]);
    }
    if (property !== "then" && property !== "toJSON") this.note(property);
    return undefined;
  }

  has(_target: EntityData, property: string | symbol): boolean {
    if (typeof property === "symbol") return false;
    this.note(property);
    return Object.hasOwn(this.#data, property);
  }

  ownKeys(): string[] {
    this.usesAll = true;
    return Object.keys(this.#data);
  }

  getOwnPropertyDescriptor(_target: EntityData, property: string | symbol): PropertyDescriptor | undefined {
    if (typeof property !== "string") return undefined;
    this.note(property);
    const data = this.#data;
    if (!Object.hasOwn(data, property)) return undefined;
    return { value: deepFreeze(data[property]), enumerable: true, configurable: true, writable: false };
  }

  set(): boolean {
    return false;
  }

  defineProperty(): boolean {
    return false;
  }

  deleteProperty(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  preventExtensions(): boolean {
    return false;
  }

  /** Notes that a field was used. */
  note(field: string): void {
    if (field !== "id") this.#used = this.#used.with(field);
  }

  get #data(): EntityData {
    const record = this.#record;
    if (record === undefined) throw new TypeError("a view of an entity that doesn't exist");
    this.#read ??= record.data;
    return this.#read;
  }
}

/** Where the use of a view is recorded; undefined for anything that isn't a view. */
export function useOfView(value: unknown): EntityUse | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // Only a view's traps know the symbol.
  return Reflect.get(value, BEHIND) as EntityUse | undefined;
}
