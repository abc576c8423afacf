import type { PageOutcome, WriteReason } from "../core/outcome.ts";
import type { Digest } from "../core/digest.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import { isAsNew } from "../core/stamp.ts";
import type { Stamp } from "../core/stamp.ts";
import type { ManifestReads, PageRow } from "../manifest/manifest.ts";
import type { Snapshot } from "../source/source.ts";
import type { StoredObject } from "../store/store.ts";
import { claimantsOf, comparePages, ownerAmong, wantedOf } from "./path-claims.ts";
import type { Claimant, WantedPath } from "./path-claims.ts";
import { keysOf, placesLeft, planLeft } from "./plan-left.ts";
import type { LeftAct, LeftContext } from "./plan-left.ts";
import { redirectKey } from "./redirect-page.ts";
import type { Rendered } from "./render-page.ts";
import { sitemapAbove } from "./sitemap-owner.ts";
import { tombstoneKey } from "./tombstone-page.ts";

/** A page as rendered, whose bytes stand elsewhere: what is decided by their digest. */
export type SealedPage = Omit<Rendered & { readonly kind: "page" }, "content"> & { readonly digest: Digest };
export type Sealed = SealedPage | Exclude<Rendered, { readonly kind: "page" }>;

/** How far ahead of the clock a stamp may be and still hold a page back. */
const CLOCK_AHEAD_MAX_SECONDS = 15 * 60;

export interface PlanContext extends LeftContext {
  /** The store was empty when the unfinished first build began: a file without a stamp is a torn one of ours. */
  readonly isFirstBuild: boolean;
  /** `--force`: files that rekiln didn't write may be replaced. */
  readonly replacesForeign: boolean;
  readonly nowSeconds: number;
}

/** What to do with one page, and why. */
export type PagePlan =
  | {
      readonly do: "write";
      readonly reason: WriteReason;
      /** What can't stand beside the page, and goes before it comes. */
      readonly evicts: readonly ObjectKey[];
      readonly left: readonly LeftAct[];
      readonly again: readonly PageKey[];
    }
  /** The bytes are right, but the manifest didn't know. */
  | {
      readonly do: "adopt";
      readonly stored: StoredObject;
      readonly evicts: readonly ObjectKey[];
      readonly left: readonly LeftAct[];
      readonly again: readonly PageKey[];
    }
  | { readonly do: "verify"; readonly row: PageRow }
  | {
      readonly do: "collide";
      readonly owner: string;
      readonly left: readonly LeftAct[];
      readonly again: readonly PageKey[];
    }
  | {
      readonly do: "remove";
      /** Undefined of one that died with whoever put it. */
      readonly row: PageRow | undefined;
      readonly left: readonly LeftAct[];
      readonly again: readonly PageKey[];
    }
  | { readonly do: "nothing"; readonly outcome: PageOutcome }
  /** Somebody wrote from newer data, with these templates or older ones: once more, from a newer snapshot. */
  | { readonly do: "retry" }
  | { readonly do: "fail"; readonly error: string };

/** Objects of other pages that a page at `path` displaces without overwriting them. */
function evictedBy(context: PlanContext, claimants: readonly Claimant[], path: WantedPath): readonly ObjectKey[] {
  const evicted: ObjectKey[] = [];
  for (const { stands } of claimants) {
    if (stands === undefined || stands.at.key === path.key) continue;
    const etag = context.store.etag(stands.at.key);
    // Of one that is gone the folder may still be there.
    if (etag === undefined || etag === stands.etag) evicted.push(stands.at.key);
  }
  return evicted;
}

/** The newest version of a page that somebody put elsewhere than at `to`, and died before its row said so; 0 where nobody did. */
function newestUnrecorded(
  context: PlanContext,
  key: PageKey,
  row: PageRow | undefined,
  to: ObjectKey | undefined,
): number {
  const published = row?.published;
  let newest = 0;
  for (const path of new Set([...context.openPaths.of(key), ...(published === undefined ? [] : [published.path])])) {
    const at = wantedOf(path);
    if (at === undefined || at.key === to) continue;
    if (path === published?.path && context.store.etag(at.key) === published.etag) continue;
    const carried = context.store.read(at.key)?.carried;
    if (carried?.key === context.carriedKey(key)) newest = Math.max(newest, carried.stamp.version);
  }
  return newest;
}

/**
 * The page that keeps `key` from a path by its bytes: it was put there, and its row doesn't say so yet. Whoever put over it, and found then that it
 * owns the path, would have taken them away, and its row be as it was. In a directory bytes and row come at once.
 */
function ownerByBytes(
  { site, store, carriedKey }: PlanContext,
  claimants: readonly Claimant[],
  key: PageKey,
  at: WantedPath,
): PageKey | undefined {
  if (!store.buries) return undefined;
  const lower = claimants.filter(({ key: one, wants }) => wants?.key === at.key && comparePages(site, one, key) < 0);
  const carried = lower.length === 0 ? undefined : store.read(at.key)?.carried?.key;
  return lower.find((one) => carriedKey(one.key) === carried)?.key;
}

/** Whether a page that would have to make room was pressed from newer data: who owns the path then isn't known here. */
function isNewerInTheWay(
  context: PlanContext,
  manifest: ManifestReads,
  claimants: readonly Claimant[],
  version: number,
): boolean {
  return claimants.some(({ key, stands }) => {
    if (stands === undefined || context.store.etag(stands.at.key) !== stands.etag) return false;
    return (manifest.page(key)?.verified.version ?? 0) > version;
  });
}

/** The plan for a page that isn't in the snapshot. */
function planGone(
  context: PlanContext,
  manifest: ManifestReads,
  snapshot: Snapshot,
  key: PageKey,
  stamp: Stamp,
): PagePlan {
  const row = manifest.page(key);
  if (row === undefined && context.openPaths.of(key).length === 0) {
    return { do: "nothing", outcome: { kind: "absent", key } };
  }
  // It came back in newer data than this. A route that is declared no more has no epoch to compare.
  const isEpochBehind = context.site.routes.has(parsePageKey(key).route) && (row?.verified.epoch ?? 0) > stamp.epoch;
  if (isEpochBehind || (row?.verified.version ?? 0) > stamp.version) {
    return { do: "nothing", outcome: { kind: "newer", key } };
  }
  if (newestUnrecorded(context, key, row, undefined) > stamp.version) return { do: "retry" };
  const { acts, again } = planLeft(context, manifest, snapshot, { key, row }, undefined);
  return { do: "remove", row, left: acts, again };
}

/** The plan for a page that another one, or a file, keeps from its path. */
function planCollision(
  context: PlanContext,
  manifest: ManifestReads,
  snapshot: Snapshot,
  page: { readonly key: PageKey; readonly row: PageRow | undefined; readonly wants: WantedPath },
  version: number,
  owner: string,
): PagePlan {
  if (newestUnrecorded(context, page.key, page.row, undefined) > version) return { do: "retry" };
  const { acts, again } = planLeft(context, manifest, snapshot, page, undefined);
  return { do: "collide", owner, left: acts, again };
}

/** Stored time is the start of a clock bucket, mine may be that of a longer one, or of none: only the clocks compare. */
function isBehind(mine: Stamp, stored: Stamp, nowSeconds: number): boolean {
  const isTimeAhead = stored.time > nowSeconds && stored.time <= nowSeconds + CLOCK_AHEAD_MAX_SECONDS;
  return mine.epoch < stored.epoch || mine.version < stored.version || isTimeAhead;
}

/** Whether a stamp's time is one of a clock that was wrong: it holds nobody back, and goes. */
export function isFarAhead({ time }: Stamp, nowSeconds: number): boolean {
  return time > nowSeconds + CLOCK_AHEAD_MAX_SECONDS;
}

/** Decides what to do with a page that was rendered; reads the manifest and the store, writes neither. */
export function planPage(
  context: PlanContext,
  manifest: ManifestReads,
  snapshot: Snapshot,
  key: PageKey,
  rendered: Sealed,
  stamp: Stamp,
): PagePlan {
  if (rendered.kind === "none") return planGone(context, manifest, snapshot, key, stamp);
  if (rendered.kind === "failed") return { do: "fail", error: rendered.error };
  const { located, digest } = rendered;
  const row = manifest.page(key);
  const verified = row?.verified;
  if (verified !== undefined && verified.epoch < stamp.epoch && verified.version > stamp.version)
    return { do: "retry" };
  if (verified !== undefined && (verified.epoch > stamp.epoch || verified.version > stamp.version)) {
    return { do: "nothing", outcome: { kind: "newer", key } };
  }
  if (row === undefined && stamp.version < manifest.floor()) return { do: "nothing", outcome: { kind: "newer", key } };
  const wanting = { key, row, wants: located };
  if (context.staticKeys.has(located.collisionKey)) {
    return planCollision(context, manifest, snapshot, wanting, stamp.version, `static${located.path}`);
  }
  const claimants = claimantsOf(context.site, manifest, snapshot, key, located);
  const owner = ownerAmong(context.site, claimants, key) ?? ownerByBytes(context, claimants, key, located);
  if (owner !== undefined) return planCollision(context, manifest, snapshot, wanting, stamp.version, owner);
  if (isNewerInTheWay(context, manifest, claimants, stamp.version)) return { do: "retry" };
  if (newestUnrecorded(context, key, row, located.key) > stamp.version) return { do: "retry" };
  // Bytes on their way to another path can't be held back by what stands here.
  if (context.store.buries && manifest.newestIntent(key) > stamp.version) return { do: "retry" };
  const etag = context.store.etag(located.key);
  const published = row?.published;
  const holds = published?.path === located.path && etag !== undefined && published.etag === etag;
  if (holds && row !== undefined) {
    if (isBehind(stamp, published.stamp, context.nowSeconds)) return { do: "nothing", outcome: { kind: "newer", key } };
    if (placesLeft(context, { key, row }, located).length === 0) {
      const isEqual = published.digest === digest && !isFarAhead(published.stamp, context.nowSeconds);
      const isSettled = !context.store.buries || isAsNew(published.stamp, stamp);
      if (isEqual && isSettled) return { do: "verify", row };
      const reason = isEqual ? "stamp" : "changed";
      return { do: "write", reason, evicts: [], left: [], again: [] };
    }
  }
  const { acts: left, ...leaving } = planLeft(context, manifest, snapshot, { key, row }, located);
  // Whoever stood here before sees that the path is no longer its own.
  const again = [...leaving.again, ...keysOf(claimants)];
  const evicts = [...evictedBy(context, claimants, located), ...leaving.evicts];
  const sitemap = sitemapAbove(context.store, located.key);
  if (sitemap !== undefined) evicts.push(sitemap);
  const stored = etag === undefined ? undefined : context.store.read(located.key);
  if (stored === undefined) {
    const reason = published === undefined ? "new" : published.path === located.path ? "missing" : "moved";
    return { do: "write", reason, evicts, left, again };
  }
  if (stored.carried === undefined) {
    // What stands where the page was put, and has lost its end, is the page itself: torn, or edited by hand.
    const isTorn = published?.path === located.path;
    if (!isTorn && !context.isFirstBuild && !context.replacesForeign) {
      const error = `${key}: ${located.key} holds a file that rekiln didn't write. Move it elsewhere, or replace it with --force.`;
      return { do: "fail", error };
    }
    return { do: "write", reason: published?.path === located.path ? "altered" : "new", evicts, left, again };
  }
  const carriedKey = context.carriedKey(key);
  const isOwn = stored.carried.key === carriedKey;
  // What the page itself has left there, in newer data, tells as much as its own bytes.
  const isOwnOrLeft = isOwn || [redirectKey, tombstoneKey].some((left) => stored.carried?.key === left(carriedKey));
  if (isOwnOrLeft && isBehind(stamp, stored.carried.stamp, context.nowSeconds)) {
    return { do: "nothing", outcome: { kind: "newer", key } };
  }
  if (isOwn && stored.digest === digest && (!context.store.buries || isAsNew(stored.carried.stamp, stamp))) {
    // Bytes that were put ahead came without a look at who else stands there.
    return { do: "adopt", stored, evicts: context.store.buries ? evicts : leaving.evicts, left, again };
  }
  const isThere = published?.path === located.path;
  const reason = holds ? "changed" : isThere ? "altered" : published === undefined ? "new" : "moved";
  return { do: "write", reason, evicts, left, again };
}
