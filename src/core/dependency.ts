import type { OrderField, WhereValues } from "./entity.ts";
import { compareSortKeys } from "./order.ts";
import type { SortKey } from "./order.ts";
import { satisfies, sortKeyOf } from "./tuple.ts";
import type { Tuple } from "./tuple.ts";

/** The part of an ordered list that a page shows. */
export interface Window {
  readonly where: WhereValues;
  readonly order: readonly OrderField[];
  /** The first row, when rows stand above it. */
  readonly first?: SortKey;
  /** The last row of a full window; a window that isn't full is open and has none. */
  readonly last?: SortKey;
}

/**
 * What a page did with a ref, beside the ref's hash:
 * - entity: the fields that it used (`"*"` is all; none says that the entity exists, or doesn't)
 * - window: rows of a list · count: how many rows · values: the values of a field with their counts
 * - exists, pages: an answer that was used, so that only another answer touches the page
 * - extent: on page 1 of a list route: which further pages there are
 * - claim: a path that the page answers at, or wants to · folder: a folder above it whose name could be a file's
 */
export type Dependency =
  | { readonly kind: "entity"; readonly fields: readonly string[] | "*" }
  | { readonly kind: "window"; readonly window: Window }
  | { readonly kind: "count"; readonly where: WhereValues }
  | { readonly kind: "exists"; readonly where: WhereValues; readonly answer: boolean }
  | { readonly kind: "pages"; readonly where: WhereValues; readonly perPage: number; readonly answer: number }
  | { readonly kind: "extent"; readonly where: WhereValues; readonly perPage: number }
  | { readonly kind: "values" }
  | { readonly kind: "claim" }
  | { readonly kind: "folder" }
  | { readonly kind: "asset" };

type Zone = "out" | "above" | "inside" | "below";

function zoneOf(window: Window, tuple: Tuple | null): { zone: Zone; key: SortKey | undefined } {
  if (tuple === null || !satisfies(window.where, tuple)) return { zone: "out", key: undefined };
  const key = sortKeyOf(window.order, tuple);
  if (window.first !== undefined && compareSortKeys(window.order, key, window.first) < 0) return { zone: "above", key };
  if (window.last !== undefined && compareSortKeys(window.order, key, window.last) > 0) return { zone: "below", key };
  return { zone: "inside", key };
}

/**
 * Whether the change of one entity from `before` to `after` (null: absent) can change which rows a window holds, or
 * their order: when the old or the new key lies inside, or when its first row is crossed.
 */
export function touchesWindow(window: Window, before: Tuple | null, after: Tuple | null): boolean {
  const old = zoneOf(window, before);
  const now = zoneOf(window, after);
  if (old.zone === "inside" && now.zone === "inside") {
    return old.key === undefined || now.key === undefined || compareSortKeys(window.order, old.key, now.key) !== 0;
  }
  if (old.zone === "inside" || now.zone === "inside") return true;
  return (old.zone === "above") !== (now.zone === "above");
}

/** Whether the change of one entity moves it into or out of the list of a condition. */
export function changesMembership(where: WhereValues, before: Tuple | null, after: Tuple | null): boolean {
  const was = before !== null && satisfies(where, before);
  const is = after !== null && satisfies(where, after);
  return was !== is;
}

/** Whether the change of one entity moves it into, out of or within an ordered list, wherever that is: only then it can touch a window of it. */
export function movesWithin(list: Pick<Window, "where" | "order">, before: Tuple | null, after: Tuple | null): boolean {
  if (before === null || after === null || changesMembership(list.where, before, after)) {
    return changesMembership(list.where, before, after);
  }
  if (!satisfies(list.where, after)) return false;
  return compareSortKeys(list.order, sortKeyOf(list.order, before), sortKeyOf(list.order, after)) !== 0;
}

/** Number of pages of a list; an empty one still has page 1. */
export function pagesOf(total: number, perPage: number): number {
  return Math.max(1, Math.ceil(total / perPage));
}
