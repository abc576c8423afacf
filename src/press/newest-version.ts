import type { Manifest } from "../manifest/manifest.ts";
import type { PageStore } from "../store/store.ts";

const STAMPED = "stamped";
const REMOVED = "removed";

/** The newest version that a page was pressed from, as far as the manifest knows. */
export function newestPressed(manifest: Pick<Manifest, "meta">): number {
  return Number(manifest.meta(STAMPED) ?? 0);
}

/** Notes, in the transaction of a press, of which version its snapshot was. */
export function notePressed(manifest: Pick<Manifest, "meta" | "setMeta">, version: number): void {
  if (version > newestPressed(manifest)) manifest.setMeta(STAMPED, String(version));
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
