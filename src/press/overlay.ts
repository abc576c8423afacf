import type { EntityData, EntityModel, WhereValues } from "../core/entity.ts";
import type { Scalar } from "../core/read.ts";
import { satisfies, tupleOf } from "../core/tuple.ts";
import type { Tuple } from "../core/tuple.ts";
import type { EntityRecord } from "../source/source.ts";
import type { Lookups } from "./locate-page.ts";

/** A snapshot in which one entity is another one than it is, or isn't there: to see what that would change. */
export class Overlay implements Lookups {
  readonly #snapshot: Lookups;
  readonly #type: string;
  readonly #id: string;
  readonly #record: EntityRecord | undefined;
  readonly #was: Tuple | undefined;
  readonly #is: Tuple | undefined;

  /** @param data what the entity is; undefined when it isn't there */
  constructor(snapshot: Lookups, model: EntityModel, id: string, data: EntityData | undefined) {
    const stored = snapshot.get(model.name, id);
    this.#snapshot = snapshot;
    this.#type = model.name;
    this.#id = id;
    this.#record = data === undefined ? undefined : { id, data };
    this.#was = stored === undefined ? undefined : tupleOf(model, stored.data);
    this.#is = data === undefined ? undefined : tupleOf(model, data);
  }

  get(type: string, id: string): EntityRecord | undefined {
    return type === this.#type && id === this.#id ? this.#record : this.#snapshot.get(type, id);
  }

  has(type: string, field: string, value: Scalar): boolean {
    return type === this.#type ? this.count(type, { [field]: value }) > 0 : this.#snapshot.has(type, field, value);
  }

  count(type: string, where: WhereValues): number {
    const counted = this.#snapshot.count(type, where);
    if (type !== this.#type) return counted;
    const stands = (tuple: Tuple | undefined): number => (tuple !== undefined && satisfies(where, tuple) ? 1 : 0);
    return counted - stands(this.#was) + stands(this.#is);
  }
}
