import { batches } from "../core/batches.ts";
import type { Encoding } from "../core/encoding.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { DirectoryPageStore } from "../store/directory.ts";

/** Encodings of which there may be twins in the store. */
const MADE = "twins";
/** Encodings in which every file was given its twin. */
const WHOLE = "twins:whole";
const BATCH_FILES = 64;

/** Removes twins that the config no longer asks for: before a page is replaced, since nobody would remove them then. */
export function dropOldTwins(store: DirectoryPageStore, manifest: Manifest, wanted: readonly Encoding[]): void {
  const made = (manifest.meta(MADE) ?? "").split(",");
  const dropped = (["br", "gzip"] as const).filter((encoding) => made.includes(encoding) && !wanted.includes(encoding));
  if (dropped.length > 0) store.dropTwins(dropped);
  const now = wanted.length === 0 ? undefined : wanted.join();
  if (manifest.meta(MADE) !== now) manifest.setMeta(MADE, now);
  if (dropped.length > 0) manifest.setMeta(WHOLE, undefined);
}

/** Gives twins to files that were stored before the config asked for them, and, with `all`, to those that have lost theirs. */
export function makeLackingTwins(
  store: DirectoryPageStore,
  manifest: Manifest,
  wanted: readonly Encoding[],
  { all }: { readonly all: boolean },
): void {
  if (wanted.length === 0 || (!all && manifest.meta(WHOLE) === wanted.join())) return;
  for (const keys of batches(store.lackingTwins(), BATCH_FILES)) {
    // While it lasts nobody replaces a page.
    manifest.transact(() => {
      for (const key of keys) if (store.etag(key) !== undefined) store.makeTwins(key);
    });
  }
  manifest.setMeta(WHOLE, wanted.join());
}
