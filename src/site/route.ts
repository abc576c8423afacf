import type { Html } from "../core/html.ts";
import type { Entity, Index, Name, OrderBy, Read, Value, Where } from "../core/read.ts";

export interface Distinct<N extends string, F extends string> {
  readonly type: N;
  readonly field: F;
}
type AnyDistinct<E> = {
  [N in Name<E>]: { [F in Index<E, N> & string]: Distinct<N, F> }[Index<E, N> & string];
}[Name<E>];
export type EachOf<E> = Name<E> | AnyDistinct<E>;
/** What a page is about: an entity, one value of a `distinct` field, or nothing for a single page. */
export type Subject<E, W> =
  W extends Distinct<infer N, infer F> ? Value<E, N, F> : W extends Name<E> ? Entity<E, W> : undefined;

/** One page of a route's list. Addresses are paths; page 1 stands at the route's path, page n at `n/` below it. */
export interface Pager<T> {
  readonly items: readonly T[];
  readonly number: number;
  readonly pages: number;
  readonly total: number;
  readonly first: string;
  readonly prev: string | undefined;
  readonly next: string | undefined;
  readonly last: string;
}
export interface ListOf<E, L, S> {
  readonly of: L;
  readonly where?: (subject: S) => Where<E, L>;
  readonly orderBy: OrderBy<E, L> | readonly OrderBy<E, L>[];
  readonly perPage: number;
}
export type PagerFor<E, L> = [L] extends [undefined] ? undefined : Pager<Entity<E, L>>;

/** What every template finds in `it` beside what `load` returned. */
export interface PageProps {
  readonly site: { readonly url: string; readonly base: string };
  readonly path: string;
  /** The address of another page, or undefined where there is none. */
  link(route: string, subject?: unknown, page?: number): string | undefined;
  /** The address of a file in `static/`, with its content's hash in the name. */
  asset(file: string): string;
}
/** The name of an Eta file in `templates/`, or a function of the props. */
export type Template<D> = string | ((props: D & PageProps) => Html | Promise<Html>);

export interface RouteOptions<E, W, L, D> {
  /** An entity type, or `distinct(type, field)`; left out for a single page. */
  readonly each?: W;
  /** `null`: this subject has no page. */
  readonly path: string | ((subject: Subject<E, W>) => string | null);
  readonly list?: ListOf<E, L, Subject<E, W>>;
  readonly load?: (read: Read<E>, subject: Subject<E, W>, pager: PagerFor<E, L>) => D | Promise<D>;
  readonly template: Template<NoInfer<D>>;
  /** `lastmod` in the sitemap: an ISO date, or a date-time with its time zone. Left out without it. */
  readonly updated?: (subject: Subject<E, W>) => string | undefined;
  /** How often a sweep verifies each page, if not as often as the others: `"1d"`, `"12h"`, `"30min"`. */
  readonly sweep?: string;
  /** `false`: the route's pages are left out of the sitemap. */
  readonly sitemap?: boolean;
  /** How long browsers and CDNs may keep its pages: `public, max-age=60`. For stores that keep headers: S3. */
  readonly cacheControl?: string;
  /** Names by which a CDN that reads `Cache-Tag` purges its pages. For stores that keep headers: S3. */
  readonly cacheTags?: readonly string[];
}
declare const of: unique symbol;
export interface Route<E> {
  readonly [of]: E;
}
