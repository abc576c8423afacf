import { claimRef } from "../core/ref.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Carried } from "../core/stamp.ts";
import type { Manifest, ManifestTransaction } from "../manifest/manifest.ts";
import { parsePath, pathOfKey } from "../site/path.ts";
import type { PageStore } from "../store/store.ts";
import { TOMBSTONE_SECONDS } from "./apply-left.ts";
import { removeObject } from "./remove-object.ts";

export interface BuryContext {
  readonly manifest: Manifest;
  readonly store: PageStore;
  readonly nowSeconds: number;
}

/** A page's object that belongs to nothing. */
export interface StrayPage {
  readonly objectKey: ObjectKey;
  readonly key: PageKey;
  readonly carried: Carried;
}

/**
 * Removes a page that belongs to nothing in data of `version`. A put of it, or of older bytes, may still be on its way, and no row tells of
 * it: in a store that buries a tombstone takes its place, which goes as others do.
 */
export function buryStray(
  { manifest, store, nowSeconds }: BuryContext,
  transaction: ManifestTransaction,
  { objectKey, key, carried }: StrayPage,
  version: number,
): void {
  removeObject(store, objectKey, { ...carried.stamp, version }, carried.key);
  if (!store.buries) return;
  const at = parsePath(pathOfKey(objectKey));
  if (!at.ok || at.key !== objectKey) return;
  const { path, collisionKey } = at;
  const claims = [...manifest.dependants(claimRef(collisionKey))];
  const isLivedAt = claims.some((claim) => transaction.page(claim.key)?.published !== undefined);
  if (isLivedAt || transaction.left.at(collisionKey) !== undefined) return;
  const expires = nowSeconds + TOMBSTONE_SECONDS;
  transaction.left.put({ collisionKey, path, key, kind: "tombstone", version, since: nowSeconds, expires });
}
