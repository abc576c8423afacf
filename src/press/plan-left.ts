import type { PageKey } from "../core/page.ts";
import type { ObjectKey, SitePath } from "../core/path.ts";
import type { LeftPath } from "../manifest/left-paths.ts";
import type { ManifestReads, PageRow } from "../manifest/manifest.ts";
import { ancestorKeys } from "../site/path.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import type { PressStore } from "./known-objects.ts";
import { claimantsOf, clash, comparePages, wantedOf } from "./path-claims.ts";
import type { Claimant, WantedPath } from "./path-claims.ts";
import type { OpenPaths } from "./open-paths.ts";
import { canRedirect, redirectKey } from "./redirect-page.ts";
import { isTombstoneKey } from "./tombstone-page.ts";

export interface LeftContext {
  readonly site: Site;
  readonly store: PressStore;
  /** Collision keys of the files of `static/`: they own their paths. */
  readonly staticKeys: ReadonlySet<string>;
  readonly carriedKey: (key: PageKey) => string;
  readonly openPaths: OpenPaths;
}

/** What becomes of a path that a page has left, or that one comes to. */
export type LeftAct =
  /** The page's file goes: another page lives where it stood. */
  | { readonly do: "drop"; readonly at: WantedPath }
  /** Pages that want the path are pressed next. */
  | {
      readonly do: "hand-over";
      readonly at: WantedPath;
      readonly removes: boolean;
      readonly takers: readonly PageKey[];
    }
  | { readonly do: "redirect"; readonly at: WantedPath; readonly to: SitePath }
  | { readonly do: "tombstone"; readonly at: WantedPath; readonly removes: boolean }
  /** Somebody took it, and another page comes before them: whoever left it looks once more. */
  | { readonly do: "keep-open"; readonly at: WantedPath }
  /** What was recorded of it is true no longer. `keepsOpen`: as of `keep-open`. */
  | { readonly do: "forget"; readonly collisionKey: string; readonly keepsOpen?: boolean };

/** What the press of a page does to paths that it, or another page, has left. */
export interface LeftPlan {
  readonly acts: readonly LeftAct[];
  /** What can't stand beside the page, and goes before it comes. */
  readonly evicts: readonly ObjectKey[];
  /** Pages that may now have their path. */
  readonly again: readonly PageKey[];
}

/** Whose object stands at a path that a page has left: its own, or its redirect; a tombstone; none; or somebody else's. */
export function standingAt(
  { store, carriedKey }: LeftContext,
  key: PageKey,
  at: WantedPath,
  etag: string | undefined,
): "own" | "buried" | "none" | "other" {
  const found = store.etag(at.key);
  if (found === undefined) return "none";
  if (found === etag) return "own";
  const carried = store.read(at.key)?.carried?.key;
  if (carried !== undefined && isTombstoneKey(carried)) return "buried";
  const own = carriedKey(key);
  return carried === own || carried === redirectKey(own) ? "own" : "other";
}

/** The pages that want a path, and may have it now or no longer. */
export function keysOf(claimants: readonly Claimant[]): readonly PageKey[] {
  return claimants.filter(({ wants }) => wants !== undefined).map(({ key }) => key);
}

/** Whether a page, or a static file, is where nothing else can stand beside it. */
function isLivedAt({ store, staticKeys }: LeftContext, at: WantedPath, claimants: readonly Claimant[]): boolean {
  if (staticKeys.has(at.collisionKey)) return true;
  return claimants.some(({ stands }) => stands !== undefined && store.etag(stands.at.key) === stands.etag);
}

/**
 * The page that comes first of those that want a path and isn't there yet. None when it failed: it comes by itself
 * once it doesn't.
 */
function awaitedAt(
  { store, staticKeys }: LeftContext,
  manifest: ManifestReads,
  at: WantedPath,
  claimants: readonly Claimant[],
): PageKey | undefined {
  if (staticKeys.has(at.collisionKey)) return undefined;
  const first = claimants.find(({ wants }) => wants?.collisionKey === at.collisionKey);
  if (first === undefined) return undefined;
  const { wants, stands } = first;
  // Its file may have made room for somebody who died, or has left since.
  if (stands !== undefined && wants?.path === stands.at.path && store.etag(stands.at.key) === stands.etag)
    return undefined;
  return manifest.page(first.key)?.stale?.kind === "failed" ? undefined : first.key;
}

/** Whether a page that comes to a path which was handed over isn't the one that will own it. */
function isContested(
  context: LeftContext,
  manifest: ManifestReads,
  snapshot: Snapshot,
  key: PageKey,
  to: WantedPath,
): boolean {
  const claimants = claimantsOf(context.site, manifest, snapshot, key, to);
  const awaited = awaitedAt(context, manifest, to, claimants);
  return awaited !== undefined && comparePages(context.site, awaited, key) < 0;
}

/** What becomes of a path at which `key` doesn't live, and which others may want; `to` is where it lives now. */
export function actOnLeft(
  context: LeftContext,
  key: PageKey,
  at: WantedPath,
  to: WantedPath | undefined,
  claimants: readonly Claimant[],
  etag?: string,
): LeftAct | undefined {
  const standing = standingAt(context, key, at, etag);
  if (standing === "other") return undefined;
  const isOwn = standing === "own";
  if (isLivedAt(context, at, claimants)) return isOwn ? { do: "drop", at } : undefined;
  const takers = claimants.filter(({ wants }) => wants !== undefined);
  if (takers.length > 0) {
    // Only a file in the very place can be overwritten, so that the path is never without one.
    const removes = isOwn && takers.every(({ wants }) => wants?.key !== at.key);
    return { do: "hand-over", at, removes, takers: takers.map((taker) => taker.key) };
  }
  return to !== undefined && canRedirect(at.key)
    ? { do: "redirect", at, to: to.path }
    : { do: "tombstone", at, removes: isOwn };
}

/** Whether a page has left a path to another one, which hasn't come yet. */
function isHandedOver(manifest: ManifestReads, key: PageKey, { collisionKey }: WantedPath): boolean {
  const left = manifest.left.at(collisionKey);
  return left?.kind === "handover" && left.key === key;
}

/** The paths that are recorded as left and can't stay so beside a page at `to`. */
function* leftBeside(manifest: ManifestReads, to: WantedPath): Iterable<LeftPath> {
  const same = manifest.left.at(to.collisionKey);
  if (same !== undefined) yield same;
  for (const folder of ancestorKeys(to.path)) {
    const file = manifest.left.at(folder);
    if (file !== undefined && !file.path.endsWith("/")) yield file;
  }
  if (!to.path.endsWith("/")) yield* manifest.left.below(to.collisionKey);
}

/** Redirects of a page lead to where it is now, not from one to the next; without such a place they are tombstones. */
function* actsOnOlder(
  context: LeftContext,
  older: readonly LeftPath[],
  key: PageKey,
  to: WantedPath | undefined,
): Iterable<LeftAct> {
  for (const { kind, path, collisionKey } of older) {
    const at = wantedOf(path);
    // Whom it is handed over to is pressed, or it is settled at the end.
    if (kind === "handover" || (at !== undefined && to !== undefined && clash(at, to))) continue;
    const standing = at === undefined ? "other" : standingAt(context, key, at, undefined);
    if (at === undefined || standing === "other") yield { do: "forget", collisionKey };
    else if (to !== undefined && canRedirect(at.key)) yield { do: "redirect", at, to: to.path };
    else if (kind === "redirect") yield { do: "tombstone", at, removes: standing === "own" };
  }
}

interface LeavingPage {
  readonly key: PageKey;
  readonly row: PageRow | undefined;
  /** Where it would be, if another one didn't own the path. */
  readonly wants?: WantedPath;
}

/** Where a page may stand, or has stood, and doesn't any more: what its row says, and what isn't done with. */
export function placesLeft(
  context: LeftContext,
  { key, row, wants }: LeavingPage,
  to: WantedPath | undefined,
): readonly WantedPath[] {
  const places = new Map<string, WantedPath>();
  const published = row?.published?.path;
  for (const path of [published, ...context.openPaths.of(key)]) {
    const was = path === undefined ? undefined : wantedOf(path);
    if (was === undefined || was.key === to?.key) continue;
    // It was about to be put there just now, and isn't.
    if (path !== published && path === wants?.path && standingAt(context, key, was, undefined) !== "own") continue;
    places.set(was.key, was);
  }
  return [...places.values()];
}

/** Where presses meant to put a page that stands elsewhere now, or nowhere: a tombstone keeps their bytes away, if they come at all. */
function* actsOnIntended(
  context: LeftContext,
  manifest: ManifestReads,
  snapshot: Snapshot,
  key: PageKey,
  others: readonly (WantedPath | undefined)[],
): Iterable<LeftAct> {
  for (const path of manifest.intendedPaths(key)) {
    const at = wantedOf(path);
    if (at === undefined || others.some((other) => other?.key === at.key)) continue;
    const claimants = claimantsOf(context.site, manifest, snapshot, key, at);
    // Whoever lives in the very place has left another token; one who only wants it may never come.
    const livesThere = ({ stands }: Claimant): boolean =>
      stands?.at.key === at.key && context.store.etag(at.key) === stands.etag;
    if (claimants.some(livesThere)) continue;
    // The put may be meant for a tombstone that stands there: only another one keeps it away.
    if (standingAt(context, key, at, undefined) === "other") continue;
    if (claimants.length > 0 || isLivedAt(context, at, claimants)) yield { do: "drop", at };
    else yield { do: "tombstone", at, removes: true };
  }
}

/**
 * What a page leaves when it comes to be published at `to`, or nowhere, instead of where its row says, and what must
 * make room for it.
 */
export function planLeft(
  context: LeftContext,
  manifest: ManifestReads,
  snapshot: Snapshot,
  page: LeavingPage,
  to: WantedPath | undefined,
): LeftPlan {
  const { key, row } = page;
  const published = row?.published;
  const acts: LeftAct[] = [];
  const evicts: ObjectKey[] = [];
  const again: PageKey[] = [];
  for (const left of to === undefined ? [] : leftBeside(manifest, to)) {
    const at = wantedOf(left.path);
    const { collisionKey } = left;
    const isHandover = left.kind === "handover" && left.key !== key && collisionKey === to?.collisionKey;
    const keepsOpen = isHandover && isContested(context, manifest, snapshot, key, to);
    acts.push({ do: "forget", collisionKey, ...(keepsOpen && { keepsOpen }) });
    if (at === undefined || at.key === to?.key) continue;
    // Of one that is gone the folder may still be there.
    if (standingAt(context, left.key, at, undefined) !== "other") evicts.push(at.key);
  }
  const places = placesLeft(context, page, to);
  for (const was of places) {
    const isPublished = was.path === published?.path;
    const etag = isPublished ? published.etag : undefined;
    const claimants = claimantsOf(context.site, manifest, snapshot, key, was);
    again.push(...keysOf(claimants));
    // Nobody else wants it, maybe: whoever left it to this page looks.
    const left = manifest.left.at(was.collisionKey);
    if (left?.kind === "handover" && left.key !== key) again.push(left.key);
    const standing = standingAt(context, key, was, etag);
    if (to !== undefined && clash(was, to)) {
      if (standing === "own") evicts.push(was.key);
      continue;
    }
    const isLeft = isPublished || standing === "own" || isHandedOver(manifest, key, was);
    const act = isLeft ? actOnLeft(context, key, was, to, claimants, etag) : undefined;
    if (act !== undefined) acts.push(act);
    else if (awaitedAt(context, manifest, was, claimants) !== undefined) acts.push({ do: "keep-open", at: was });
  }
  if (context.store.buries) acts.push(...actsOnIntended(context, manifest, snapshot, key, [...places, to]));
  if (published?.path !== to?.path || published === undefined) {
    const done = new Set(places.map(({ collisionKey }) => collisionKey));
    const older = manifest.left.of(key).filter(({ collisionKey }) => !done.has(collisionKey));
    acts.push(...actsOnOlder(context, older, key, to));
  }
  return { acts, evicts, again };
}
