import type { PageKey } from "../core/page.ts";
import { hash53 } from "../core/ref.ts";
import { SLOTS, slotOf } from "../core/slot.ts";

const ROUTE_HASHES = 2 ** 32;

/** The encoded name of the route that a key is of. */
export function encodedRouteOf(key: string): string {
  const end = key.search(/[/#]/);
  return end < 0 ? key : key.slice(0, end);
}

/** The place of the first slot of a route. */
export const firstPlace = (encodedRoute: string): number => (hash53(encodedRoute) % ROUTE_HASHES) * SLOTS;

/** A number for each route and slot, by which an index finds a slot's pages. Two routes may have one: keys tell them apart. */
export function placeOf(key: PageKey): number {
  return firstPlace(encodedRouteOf(key)) + slotOf(key);
}
