import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { AnyTypes, EntityType, Index, JsonRecord, Name, Scalar } from "../core/read.ts";
import type { Distinct, EachOf, PagerFor, Route, RouteOptions, Subject } from "./route.ts";

type Indexable<T> = {
  [F in keyof T & string]-?: NonNullable<T[F]> extends Scalar | readonly Scalar[] ? F : never;
}[keyof T & string];

/** A field that may hold a time: a date, or a date-time with its time zone, as text. */
type MomentField<T> = {
  [F in keyof T & string]-?: NonNullable<T[F]> extends string ? F : never;
}[keyof T & string];

/**
 * Declares an entity type by a Standard Schema (zod, valibot, arktype) whose output is plain JSON with a string `id`;
 * that output is what is stored, compared and read. `index` names every field that a list filters, sorts or groups by.
 */
export function entity<T extends JsonRecord, const I extends readonly Indexable<T>[] = []>(
  schema: StandardSchemaV1<unknown, T>,
  options: {
    readonly index?: I;
    /** The field that says from when on an entity exists; one without a value always has. */
    readonly publishAt?: MomentField<T>;
    /** The field that says from when on it exists no longer. */
    readonly expireAt?: MomentField<T>;
  } = {},
): EntityType<T, I[number]> {
  const { index, publishAt, expireAt } = options;
  return {
    schema,
    index: index ?? [],
    ...(publishAt === undefined ? {} : { publishAt }),
    ...(expireAt === undefined ? {} : { expireAt }),
  };
}

/** A schema that checks nothing: for types that something else already guarantees (a generated database type). */
export function unchecked<T extends JsonRecord>(): StandardSchemaV1<unknown, T> {
  // The caller vouches for the type; that is what this function is for.
  return { "~standard": { version: 1, vendor: "rekiln", validate: (value) => ({ value: value as T }) } };
}

export interface Entities<E extends AnyTypes> {
  readonly types: E;
  /** Declares a family of pages. */
  route<
    const W extends EachOf<E> | undefined = undefined,
    L extends Name<E> | undefined = undefined,
    D extends object = { readonly subject: Subject<E, W>; readonly pager: PagerFor<E, L> },
  >(
    this: void,
    options: RouteOptions<E, W, L, D>,
  ): Route<E>;
  /** For `each`: a page for every value that some entity has in this indexed field. */
  distinct<N extends Name<E>, F extends Index<E, N> & string>(this: void, type: N, field: F): Distinct<N, F>;
}

/** Declares the entity types of a site, and gives the typed `route` and `distinct` that its routes are declared with. */
export function defineEntities<const E extends AnyTypes>(types: E): Entities<E> {
  return {
    types,
    // The options are checked by their type here and by `checkSite` when the config is loaded; the brand is type-only.
    route: (options) => options as unknown as Route<E>,
    distinct: (type, field) => ({ type, field }),
  };
}
