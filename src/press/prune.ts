import { batches } from "../core/batches.ts";
import type { Clock } from "../core/clock.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { SourceReader } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import { auditStore, isOrphan } from "./audit.ts";
import { isPageOfSnapshot } from "./build-plan.ts";
import { deleteCap } from "./deletes.ts";
import { buryStray } from "./bury-stray.ts";
import { pageOfCarried } from "./strays.ts";
import { readSiteRecord, writeSiteRecord } from "./site-record.ts";

const PIECE = 256;

export interface PruneContext {
  readonly site: Site;
  readonly manifest: Manifest;
  readonly store: PageStore;
  readonly reader: SourceReader;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What could go. */
export interface PrunePlan {
  /** Published pages that the source no longer has, those among them whose removal was withheld. */
  readonly pages: readonly PageKey[];
  /** Objects of rekiln's that belong to nothing. */
  readonly orphans: readonly ObjectKey[];
  /** Tombstones whose time is over. */
  readonly tombstones: number;
  /** How many pages and objects may go at once. */
  readonly maxDeletes: number;
  /** They are more than that: none goes. */
  readonly isWithheld: boolean;
}

/** Finds what can go. Nothing is written. @param maxDeletes undefined is 5 % of all pages, and at least 100 */
export function planPrune(context: PruneContext, maxDeletes: number | undefined): PrunePlan {
  const { site, manifest, store, reader, clock, signal } = context;
  const snapshot = reader.snapshot();
  const pages: PageKey[] = [];
  for (const route of manifest.routes()) {
    signal.throwIfAborted();
    for (const piece of manifest.keysOf(route)) {
      for (const key of piece) if (!isPageOfSnapshot(site, key, snapshot)) pages.push(key);
    }
  }
  const orphans: ObjectKey[] = [];
  for (const { kind, where } of auditStore({ manifest, store, signal }, false)) {
    // What the store lists is a key.
    if (kind === "orphan") orphans.push(where as ObjectKey);
  }
  const most = maxDeletes ?? deleteCap(manifest.count());
  const tombstones = expiredTombstones(manifest, Math.floor(clock() / 1000)).length;
  return { pages, orphans, tombstones, maxDeletes: most, isWithheld: pages.length + orphans.length > most };
}

/** Removes objects that still belong to nothing, while nobody else writes: pages as a build removes strays. @returns how many */
export function removeOrphans(
  { manifest, store, clock }: Pick<PruneContext, "manifest" | "store" | "clock">,
  orphans: readonly ObjectKey[],
): number {
  const context = { manifest, store, nowSeconds: Math.floor(clock() / 1000) };
  // Of the data that all pages were brought up to.
  const complete = Number(manifest.meta("complete") ?? 0);
  let removed = 0;
  for (const piece of batches(orphans, PIECE)) {
    manifest.transact((transaction) => {
      for (const key of piece) {
        if (!isOrphan(manifest, store, key)) continue;
        const carried = store.read(key)?.carried;
        const page = carried === undefined ? undefined : pageOfCarried(carried.key);
        if (carried === undefined || page === undefined) store.remove(key);
        else {
          const version = Math.max(complete, carried.stamp.version);
          buryStray(context, transaction, { objectKey: key, key: page, carried }, version);
        }
        removed++;
      }
    });
  }
  return removed;
}

function expiredTombstones(manifest: Manifest, nowSeconds: number) {
  return [...manifest.left.unsettled(0, nowSeconds)]
    .flat()
    .filter(({ kind, expires }) => kind === "tombstone" && expires <= nowSeconds);
}

/**
 * Before tombstones whose time is over may go: from then on no page is made from data as old as what they said. Noted in the site record
 * first, which outlives the manifest.
 */
export function raiseFloor({ manifest, store, clock }: Pick<PruneContext, "manifest" | "store" | "clock">): void {
  const expired = expiredTombstones(manifest, Math.floor(clock() / 1000));
  const floor = Math.max(0, ...expired.map(({ version }) => version));
  if (floor <= manifest.floor()) return;
  manifest.transact(() => {
    const record = readSiteRecord(store);
    if (record === undefined) return;
    if (floor > (record.floor ?? 0)) writeSiteRecord(store, { ...record, floor });
    manifest.setMeta("floor", String(floor));
  });
}
