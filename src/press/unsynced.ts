import { batches } from "../core/batches.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { PageStore } from "../store/store.ts";
import { doubtRedirects } from "./settle-left.ts";
import { noteStrays } from "./strays.ts";

/** Setting of the manifest: what `Unsynced` says. */
const META = "unsynced";
const PIECE = 256;
/** Clocks are set now and then: what was written this long before a sync is read too. */
const MARGIN_MS = 600_000;

/** In which run of the machine pages were written that may not be on its disk yet, and since when, in milliseconds since 1970. */
interface Unsynced {
  readonly boot: string;
  readonly sinceMs: number;
}

function unsyncedOf(manifest: Manifest): Unsynced | undefined {
  const stored = manifest.meta(META);
  // Only this file writes it.
  return stored === undefined ? undefined : (JSON.parse(stored) as Unsynced);
}

/** Notes, before the first page is written, that what is written from now on isn't synced. */
export function noteUnsynced(manifest: Manifest, boot: string, nowMs: number): void {
  if (unsyncedOf(manifest)?.boot !== boot) noteSynced(manifest, boot, nowMs);
}

/** Notes that all that was written before `sinceMs` outlives a power failure. */
export function noteSynced(manifest: Manifest, boot: string, sinceMs: number): void {
  manifest.setMeta(META, JSON.stringify({ boot, sinceMs } satisfies Unsynced));
}

/**
 * After the machine itself went down, reads what was written since the last sync, and compares: a file may have its name, its size and its time, and
 * not its bytes. What differs isn't trusted any more, so that the next press writes it again; the next whole build looks for pages that were removed. `boot` tells this run of the machine from others.
 *
 * @returns the pages that differ
 */
export function distrustTorn(manifest: Manifest, store: PageStore, boot: string): readonly PageKey[] {
  const unsynced = unsyncedOf(manifest);
  if (unsynced === undefined || unsynced.boot === boot) return [];
  const isUnsure = (etag: string): boolean => store.isWrittenSince(etag, unsynced.sinceMs - MARGIN_MS);
  const torn: PageKey[] = [];
  for (const piece of manifest.stored()) {
    for (const { key, path, etag } of piece) {
      if (!isUnsure(etag)) continue;
      const parsed = parsePath(path);
      const stored = parsed.ok ? store.read(parsed.key) : undefined;
      // Another file than the row's is found without this.
      if (stored?.etag === etag && stored.digest !== manifest.page(key)?.published?.digest) torn.push(key);
    }
  }
  for (const piece of batches(torn, PIECE)) {
    manifest.transact((transaction) => {
      for (const key of piece) {
        const row = transaction.page(key);
        if (row?.published === undefined) continue;
        transaction.recordFailure({ ...row, published: { ...row.published, etag: "" } }, []);
      }
    });
  }
  distrustOthers(manifest, store, isUnsure);
  doubtRedirects(manifest);
  // What was removed may be there again.
  noteStrays(manifest, true);
  return torn;
}

/** Copies of static files that differ, and all sitemaps of that time: they are few. */
function distrustOthers(manifest: Manifest, store: PageStore, isUnsure: (etag: string) => boolean): void {
  const copies = manifest.copiedFiles().filter(({ objectKey, digest, etag }) => {
    // Only a row makes keys here, and it was given one.
    return isUnsure(etag) && store.read(objectKey as ObjectKey)?.digest !== digest;
  });
  if (copies.length > 0) {
    manifest.setCopiedFiles(
      copies.map((copy) => ({ ...copy, etag: "" })),
      [],
    );
  }
  manifest.transact(({ sitemaps }) => {
    for (const file of sitemaps.files()) if (isUnsure(file.etag)) sitemaps.put({ ...file, etag: "" });
  });
}
