import { pageKey, parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { EntityName } from "../core/entity-name.ts";
import { valuesOf } from "../core/tuple.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { firstPagesOfRoute } from "./build-plan.ts";
import { locateQuietly } from "./path-claims.ts";

const BATCH_PAGES = 250;

/** A first page, and the collision key of its path. */
interface FirstPage {
  readonly key: PageKey;
  readonly collisionKey: string;
}

/** Where the first pages of a site are, some at a time. Routes of values first: they are fewer, and link to many. */
export function* allFirstPages(site: Site, snapshot: Snapshot): Iterable<readonly FirstPage[]> {
  const routes = [...site.routes.values()];
  for (const kind of ["distinct", "entity"] as const) {
    for (const route of routes) {
      const { each } = route;
      if (each.kind !== kind) continue;
      for (const keys of firstPagesOfRoute(route, snapshot, BATCH_PAGES)) {
        if (each.kind === "entity") snapshot.prefetch(each.type, keys.map(subjectOf));
        yield located(site, snapshot, keys);
      }
    }
  }
}

/** Where the first pages of an entity, and of the values that it has, are. */
export function firstPagesAround(site: Site, snapshot: Snapshot, { type, id }: EntityName): readonly FirstPage[] {
  const data = snapshot.get(type, id)?.data;
  if (data === undefined) return [];
  const keys: PageKey[] = [];
  for (const { name, each } of site.routes.values()) {
    if (each.kind === "one" || each.type !== type) continue;
    if (each.kind === "entity") keys.push(pageKey(name, id, 1));
    else for (const value of valuesOf(data[each.field])) if (value !== null) keys.push(pageKey(name, value, 1));
  }
  return located(site, snapshot, keys);
}

function located(site: Site, snapshot: Snapshot, keys: readonly PageKey[]): readonly FirstPage[] {
  const found: FirstPage[] = [];
  for (const key of keys) {
    const wanted = locateQuietly(site, snapshot, key);
    if (wanted !== undefined) found.push({ key, collisionKey: wanted.collisionKey });
  }
  return found;
}

function subjectOf(key: PageKey): string {
  return String(parsePageKey(key).subject);
}
