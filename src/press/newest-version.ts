import type { Manifest } from "../manifest/manifest.ts";
import type { PageStore } from "../store/store.ts";

const SEEN = "seen";
const REMOVED = "removed";

/** The newest version that a page was pressed from, or that touched one, as far as the manifest knows. */
export function newestSeen(manifest: Pick<Manifest, "meta">): number {
  return Number(manifest.meta(SEEN) ?? 0);
}

/** Notes a version, in the transaction that presses from it, or touches what was read. */
export function noteSeen(manifest: Pick<Manifest, "meta" | "setMeta">, version: number): void {
  if (version > newestSeen(manifest)) manifest.setMeta(SEEN, String(version));
}

/** The newest version in which a page was seen to be gone, and removed. */
export function newestRemoval(manifest: Pick<Manifest, "meta">): number {
  return Number(manifest.meta(REMOVED) ?? 0);
}

/** Notes, in the transaction that removes a page, in which version it was gone. */
export function noteRemoval(manifest: Pick<Manifest, "meta" | "setMeta">, version: number): void {
  if (version > newestRemoval(manifest)) manifest.setMeta(REMOVED, String(version));
}

/** The newest version that a stored page is stamped with: for when nothing else is left that knows. */
export function newestStamped(store: Pick<PageStore, "scan">): number {
  let newest = 0;
  for (const { carried } of store.scan()) newest = Math.max(newest, carried?.stamp.version ?? 0);
  return newest;
}
