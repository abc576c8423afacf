import type { ObjectKey } from "../core/path.ts";
import type { Stamp } from "../core/stamp.ts";
import type { PressStore } from "./known-objects.ts";
import { putWhole } from "./put-whole.ts";
import { tombstoneObject } from "./tombstone-page.ts";

/** Removes a page's object; where a late put could bring it back, a tombstone takes its place. `carried`: of whose page it tells. */
export function removeObject(store: PressStore, key: ObjectKey, stamp: Stamp, carried: string): void {
  if (store.buries) putWhole(store, key, tombstoneObject(key, stamp, carried));
  else store.remove(key);
}
