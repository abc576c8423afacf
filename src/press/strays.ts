import { batches } from "../core/batches.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Carried } from "../core/stamp.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { PageStore } from "../store/store.ts";

const PIECE = 256;
/** Setting of the manifest: the processes that write pages, or did and died. */
const META = "writers";

/** The processes that have begun, and not ended. */
export function writers(manifest: Manifest): readonly string[] {
  // Only this file writes it.
  return JSON.parse(manifest.meta(META) ?? "[]") as readonly string[];
}

/** Notes, before the first page is written, that pages may be put in place of which no row tells yet. */
export function beginWriting(manifest: Manifest, process: string): void {
  manifest.transact(() => manifest.setMeta(META, JSON.stringify([...new Set([...writers(manifest), process])])));
}

export function endWriting(manifest: Manifest, process: string): void {
  manifest.transact(() => {
    const left = writers(manifest).filter((writer) => writer !== process);
    manifest.setMeta(META, left.length === 0 ? undefined : JSON.stringify(left));
  });
}

/** Pages in the store that the manifest doesn't know: whoever wrote them died before the row was committed, or the manifest was lost. */
export function* strayPages(store: PageStore, manifest: Manifest): Iterable<ObjectKey> {
  for (const { key, carried } of store.scan()) if (isStray(manifest, key, carried)) yield key;
}

/** Removes pages that are still strays while nobody else writes. */
export function removeStrays(store: PageStore, manifest: Manifest, keys: readonly ObjectKey[]): void {
  for (const piece of batches(keys, PIECE)) {
    manifest.transact(() => {
      for (const key of piece) if (isStray(manifest, key, store.read(key)?.carried)) store.remove(key);
    });
  }
}

function isStray(manifest: Manifest, objectKey: ObjectKey, carried: Carried | undefined): boolean {
  const key = carried === undefined ? undefined : pageOfCarried(carried.key);
  if (key === undefined) return false;
  const isHere = (path: string | undefined): boolean => {
    const parsed = path === undefined ? undefined : parsePath(path);
    return parsed?.ok === true && parsed.key === objectKey;
  };
  if (isHere(manifest.page(key)?.published?.path)) return false;
  // Bytes at a path that was handed over wait for the page that will overwrite them. Where a redirect or nothing should stand they came back
  // with a power failure.
  return !manifest.left.of(key).some(({ kind, path }) => kind === "handover" && isHere(path));
}

/** The page that a carrier names; undefined for what isn't a page, and for a key that stands in it cut short. */
function pageOfCarried(carried: string): PageKey | undefined {
  if (carried.includes(":") || /~[0-9a-f]{64}$/.test(carried)) return undefined;
  // As `carriedKey` made it of a page key, in which a hyphen is never encoded.
  return carried.replaceAll("%2D", "-") as PageKey;
}
