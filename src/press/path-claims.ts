import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey, SitePath } from "../core/path.ts";
import { compareValues } from "../core/order.ts";
import { claimRef } from "../core/ref.ts";
import type { ManifestReads } from "../manifest/manifest.ts";
import { ancestorKeys } from "../site/path.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { locatePage } from "./locate-page.ts";

/** A path that a page wants or has. */
export interface WantedPath {
  readonly path: SitePath;
  readonly key: ObjectKey;
  readonly collisionKey: string;
}

/** Another page that wants a path which can't stand beside this one. */
export interface Rival {
  readonly key: PageKey;
  readonly objectKey: ObjectKey;
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
function clash(left: WantedPath, right: WantedPath): boolean {
  if (left.collisionKey === right.collisionKey) return true;
  const blocks = (file: WantedPath, below: WantedPath): boolean =>
    !file.path.endsWith("/") && ancestorKeys(below.path).includes(file.collisionKey);
  return blocks(left, right) || blocks(right, left);
}

/**
 * The pages that claim what clashes with `wanted` and are alive: they exist in the snapshot and have exactly that
 * path there. Lowest first.
 */
export function rivalsOf(
  site: Site,
  manifest: ManifestReads,
  snapshot: Snapshot,
  key: PageKey,
  wanted: WantedPath,
): readonly Rival[] {
  const candidates = new Set<PageKey>();
  for (const dependant of manifest.dependants(claimRef(wanted.collisionKey))) candidates.add(dependant.key);
  for (const folder of ancestorKeys(wanted.path)) {
    for (const dependant of manifest.dependants(claimRef(folder))) {
      if (dependant.dependency.kind === "claim") candidates.add(dependant.key);
    }
  }
  candidates.delete(key);
  const rivals: Rival[] = [];
  for (const candidate of candidates) {
    const located = locateQuietly(site, snapshot, candidate);
    if (located !== undefined && clash(wanted, located)) rivals.push({ key: candidate, objectKey: located.key });
  }
  return rivals.sort((left, right) => comparePages(site, left.key, right.key));
}

function locateQuietly(site: Site, snapshot: Snapshot, key: PageKey): WantedPath | undefined {
  try {
    const located = locatePage(site, parsePageKey(key), snapshot, undefined);
    return located.kind === "page" ? located : undefined;
  } catch {
    // Its path can't be evaluated: it has none, and its own press says why.
    return undefined;
  }
}
