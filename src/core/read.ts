import type { StandardSchemaV1 } from "@standard-schema/spec";

/** What an indexed field may hold, alone or as an array. */
export type Scalar = string | number | boolean;
export type JsonRecord = { readonly id: string };

/** A declared entity type: its schema, and the fields that lists filter, sort or group by. */
export interface EntityType<T extends JsonRecord, I extends string> {
  readonly schema: StandardSchemaV1<unknown, T>;
  readonly index: readonly I[];
  /** Fields that say from when on an entity exists, and from when on it doesn't any more. */
  readonly publishAt?: string;
  readonly expireAt?: string;
}
export type AnyTypes = { readonly [name: string]: EntityType<JsonRecord, string> };

export type Name<E> = keyof E & string;
export type Entity<E, N> = N extends keyof E ? (E[N] extends EntityType<infer T, string> ? Readonly<T> : never) : never;
export type Index<E, N> = N extends keyof E ? (E[N] extends EntityType<JsonRecord, infer I> ? I : never) : never;
/** One value of an indexed field: for a field that holds several, one of them. */
type ValueOf<V> = NonNullable<V> extends readonly (infer M)[] ? M : NonNullable<V>;
export type Value<E, N, F> = F extends keyof Entity<E, N> ? ValueOf<Entity<E, N>[F]> : never;

/** Fields are ANDed; an array of values means any of them. */
export type Where<E, N> = {
  readonly [F in Index<E, N> & string]?: Value<E, N, F> | readonly Value<E, N, F>[];
};
type SortField<E, N> = (Index<E, N> & string) | "id";
/** A field, or `-field` for the reverse order. */
export type OrderBy<E, N> = SortField<E, N> | `-${SortField<E, N>}`;
export interface Query<E, N> {
  readonly where?: Where<E, N>;
  readonly orderBy?: OrderBy<E, N> | readonly OrderBy<E, N>[];
  /** At most this many rows; without it all rows, and more than 10,000 are an error. */
  readonly limit?: number;
}

/**
 * A page's way to the data, all of it at one snapshot. Everything read is recorded as a dependency of the page.
 * What is handed out is frozen; which fields are used, in `load` or in the template, is recorded too.
 */
export interface Read<E> {
  /** The entity, or undefined when there is none (which is recorded too). */
  get<N extends Name<E>>(type: N, id: string | undefined): Promise<Entity<E, N> | undefined>;
  /** The entities that exist, in the order of `ids`; absent ones are left out, and recorded. */
  getMany<N extends Name<E>>(type: N, ids: readonly string[]): Promise<readonly Entity<E, N>[]>;
  /** Rows in the given order, ties by id. @throws RekilnError `list-too-long` above 10,000 rows. */
  list<N extends Name<E>>(type: N, query?: Query<E, N>): Promise<readonly Entity<E, N>[]>;
  count<N extends Name<E>>(type: N, where?: Where<E, N>): Promise<number>;
  /** Each value that some entity has in this field, with the number of entities that have it, in order. */
  values<N extends Name<E>, F extends Index<E, N> & string>(
    type: N,
    field: F,
  ): Promise<readonly { readonly value: Value<E, N, F>; readonly count: number }[]>;
  /** The start of the current minute, hour or day in a time zone (UTC by default); the page falls due when it ends. */
  now(step: "minute" | "hour" | "day", timeZone?: string): Date;
  /** Whether a time hasn't come yet; the page falls due when it comes. A text is a date-time with its time zone, or a date, which begins at midnight UTC. */
  until(time: Date | string): boolean;
}
