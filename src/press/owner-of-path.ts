import { furtherKey, subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { SitePath } from "../core/path.ts";
import { parsePath } from "../site/path.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { comparePages, locateQuietly } from "./path-claims.ts";

/** Knows first pages that may be at a path, by its collision key; one that isn't there any more does no harm. */
export interface PathHints {
  keysAt(collisionKey: string): Iterable<PageKey>;
}

/**
 * The page that owns a path in a snapshot: of those that `hints` knows, and of the single pages, the lowest that is
 * really there. Page n of a list is found by its page 1.
 */
export function ownerOfPath(site: Site, snapshot: Snapshot, hints: PathHints, path: SitePath): PageKey | undefined {
  const candidates = new Set(firstPagesAt(site, hints, path));
  const further = /^(.*\/)([1-9][0-9]{0,8})\/$/.exec(path);
  const above = further?.[1] === undefined ? undefined : parsePath(further[1]);
  if (above?.ok === true) {
    for (const first of firstPagesAt(site, hints, above.path)) candidates.add(furtherKey(first, Number(further?.[2])));
  }
  const there = [...candidates].filter((key) => locateQuietly(site, snapshot, key)?.path === path);
  return there.sort((left, right) => comparePages(site, left, right))[0];
}

function* firstPagesAt(site: Site, hints: PathHints, path: SitePath): Iterable<PageKey> {
  for (const route of site.routes.values()) if (route.each.kind === "one") yield subjectKey(route.name, undefined);
  const parsed = parsePath(path);
  if (parsed.ok) yield* hints.keysAt(parsed.collisionKey);
}
