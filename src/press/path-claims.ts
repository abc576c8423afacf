import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey, SitePath } from "../core/path.ts";
import { compareValues } from "../core/order.ts";
import { claimRef } from "../core/ref.ts";
import type { ManifestReads } from "../manifest/manifest.ts";
import { ancestorKeys, parsePath } from "../site/path.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { locatePage } from "./locate-page.ts";

/** A path that a page wants or has. */
export interface WantedPath {
  readonly path: SitePath;
  readonly key: ObjectKey;
  readonly collisionKey: string;
}

/** Another page that wants or has a path which can't stand beside a wanted one. */
export interface Claimant {
  readonly key: PageKey;
  /** Where it stands in the snapshot, when that is such a path. */
  readonly wants: WantedPath | undefined;
  /** What is published of it, when that is at such a path. */
  readonly stands: { readonly at: WantedPath; readonly etag: string } | undefined;
}

/** Who owns a path that two pages want: the earlier route, then the lowest id, then the lowest page number. */
export function comparePages(site: Site, left: PageKey, right: PageKey): number {
  const [a, b] = [parsePageKey(left), parsePageKey(right)];
  const orderOf = (route: string): number => site.routes.get(route)?.order ?? Number.POSITIVE_INFINITY;
  const byRoute = orderOf(a.route) - orderOf(b.route);
  if (byRoute !== 0) return byRoute;
  return compareValues(a.subject ?? null, b.subject ?? null) || a.number - b.number;
}

/** Whether a file and a folder of one name would be needed, or the two are the same place. */
export function clash(left: WantedPath, right: WantedPath): boolean {
  if (left.collisionKey === right.collisionKey) return true;
  const blocks = (file: WantedPath, below: WantedPath): boolean =>
    !file.path.endsWith("/") && ancestorKeys(below.path).includes(file.collisionKey);
  return blocks(left, right) || blocks(right, left);
}

/** A published path as today's grammar has it; undefined when it refuses it. */
export function wantedOf(path: string): WantedPath | undefined {
  const parsed = parsePath(path);
  return parsed.ok ? parsed : undefined;
}

/** The other pages that want or have what clashes with `wanted`. Lowest first. */
export function claimantsOf(
  site: Site,
  manifest: ManifestReads,
  snapshot: Snapshot,
  key: PageKey,
  wanted: WantedPath,
): readonly Claimant[] {
  const candidates = new Set<PageKey>();
  for (const dependant of manifest.dependants(claimRef(wanted.collisionKey))) candidates.add(dependant.key);
  for (const folder of ancestorKeys(wanted.path)) {
    for (const dependant of manifest.dependants(claimRef(folder))) {
      if (dependant.dependency.kind === "claim") candidates.add(dependant.key);
    }
  }
  candidates.delete(key);
  const claimants: Claimant[] = [];
  for (const candidate of candidates) {
    const located = locateQuietly(site, snapshot, candidate);
    const published = manifest.page(candidate)?.published;
    const at = published === undefined ? undefined : wantedOf(published.path);
    const wants = located !== undefined && clash(wanted, located) ? located : undefined;
    const stands =
      published !== undefined && at !== undefined && clash(wanted, at) ? { at, etag: published.etag } : undefined;
    if (wants !== undefined || stands !== undefined) claimants.push({ key: candidate, wants, stands });
  }
  return claimants.sort((left, right) => comparePages(site, left.key, right.key));
}

/**
 * The page that keeps `key` from a path: the lowest, if it is lower than `key`, of those that stand where they want to.
 * One that fails and isn't there, or that lost its path to another one, keeps nobody from anything.
 */
export function ownerAmong(site: Site, claimants: readonly Claimant[], key: PageKey): PageKey | undefined {
  const owner = claimants.find(({ wants, stands }) => wants !== undefined && wants.path === stands?.at.path);
  return owner !== undefined && comparePages(site, owner.key, key) < 0 ? owner.key : undefined;
}

/** Where a page stands, if it can be told. */
export function locateQuietly(site: Site, snapshot: Snapshot, key: PageKey): WantedPath | undefined {
  try {
    const located = locatePage(site, parsePageKey(key), snapshot, undefined);
    return located.kind === "page" ? located : undefined;
  } catch {
    // Its path can't be evaluated: it has none, and its own press says why.
    return undefined;
  }
}
