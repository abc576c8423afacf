import { batches } from "../core/batches.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Carried } from "../core/stamp.ts";
import type { Manifest, ManifestTransaction } from "../manifest/manifest.ts";
import { parsePath, pathOfKey } from "../site/path.ts";
import type { PageStore, StoredObject } from "../store/store.ts";
import { buryStray } from "./bury-stray.ts";
import type { BuryContext } from "./bury-stray.ts";
import { OpenPaths } from "./open-paths.ts";

const PIECE = 256;
/** Setting of the manifest: the processes that write pages, or did and died. */
const META = "writers";
const LEFT = "strays";

/** The processes that have begun, and not ended. */
export function writers(manifest: Manifest): readonly string[] {
  // Only this file writes it.
  return JSON.parse(manifest.meta(META) ?? "[]") as readonly string[];
}

/** Notes, before the first page is written, that pages may be put in place of which no row tells yet. */
export function beginWriting(manifest: Manifest, process: string): void {
  const note = (): void => manifest.setMeta(META, JSON.stringify([...new Set([...writers(manifest), process])]));
  // Pages of which a power failure took the rows may stand there.
  manifest.transact(note, true);
}

export function endWriting(manifest: Manifest, process: string): void {
  manifest.transact(() => {
    const left = writers(manifest).filter((writer) => writer !== process);
    manifest.setMeta(META, left.length === 0 ? undefined : JSON.stringify(left));
  });
}

/** Notes whether strays were found that are too many to be removed: the next build looks for them again. */
export function noteStrays(manifest: Manifest, areLeft: boolean): void {
  manifest.setMeta(LEFT, areLeft ? "1" : undefined);
}

/** Whether there were more strays than might be removed. */
export function areStraysLeft(manifest: Manifest): boolean {
  return manifest.meta(LEFT) !== undefined;
}

export interface Strays {
  /** Of data as old as the build, or older. */
  readonly found: readonly ObjectKey[];
  /** Whether there are some of newer data: they are left to whoever knows that. */
  readonly areNewer: boolean;
}

/** Pages in the store that the manifest doesn't know: whoever wrote them died before the row was committed, or the manifest was lost. */
export function findStrays(store: PageStore, manifest: Manifest, version: number): Strays {
  const found: ObjectKey[] = [];
  let areNewer = false;
  for (const { key, carried } of store.scan()) {
    if (!isStray(manifest, key, carried)) continue;
    if ((carried?.stamp.version ?? 0) > version) areNewer = true;
    else found.push(key);
  }
  return { found, areNewer };
}

/**
 * Removes pages that are still strays in data of `version`, while nobody else writes. Those that fail keep them: they are their last good bytes. One
 * that was put from newer data meanwhile is left to the next build.
 */
export function removeStrays(context: BuryContext, keys: readonly ObjectKey[], version: number): void {
  const { store, manifest } = context;
  const openPaths = new OpenPaths(manifest);
  for (const piece of batches(keys, PIECE)) {
    manifest.transact((transaction) => {
      for (const key of piece) {
        const stored = store.read(key);
        const { carried } = stored ?? {};
        const page = carried === undefined ? undefined : pageOfCarried(carried.key);
        if (stored === undefined || carried === undefined || page === undefined) continue;
        if (!isStray(manifest, key, carried) || keepLastGood(transaction, openPaths, key, stored)) continue;
        if (carried.stamp.version > version) noteStrays(manifest, true);
        else buryStray(context, transaction, { objectKey: key, key: page, carried }, version);
      }
    });
  }
}

/** Of a page that fails, the manifest was lost with where it stands, or doesn't know the last place where it was put. */
function keepLastGood(
  transaction: ManifestTransaction,
  openPaths: OpenPaths,
  key: ObjectKey,
  { carried, ...stored }: StoredObject,
): boolean {
  const page = carried === undefined ? undefined : pageOfCarried(carried.key);
  const row = page === undefined ? undefined : transaction.page(page);
  if (page === undefined || carried === undefined || row?.stale?.kind !== "failed") return false;
  const path = pathOfKey(key);
  if (row.published !== undefined) {
    // Whoever moved it there died: once it is pressed, it leaves where it was.
    if (row.published.stamp.version >= carried.stamp.version) return openPaths.of(page).includes(path);
    openPaths.open(page, row.published.path);
  }
  const published = { ...stored, path, stamp: carried.stamp, lastmod: undefined };
  transaction.recordFailure({ ...row, published }, []);
  return true;
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
export function pageOfCarried(carried: string): PageKey | undefined {
  if (carried.includes(":") || /~[0-9a-f]{64}$/.test(carried)) return undefined;
  // As `carriedKey` made it of a page key, in which a hyphen is never encoded.
  return carried.replaceAll("%2D", "-") as PageKey;
}
