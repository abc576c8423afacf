import { hash53 } from "./ref.ts";
import type { PageKey } from "./page.ts";

/** The pages of a route are spread over so many slots. */
export const SLOTS = 4096;

/** The slot of a page, from 0: the first 12 bits of its key's hash. Part of the manifest's format. */
export function slotOf(key: PageKey): number {
  return Math.floor(hash53(key) / (2 ** 53 / SLOTS));
}
