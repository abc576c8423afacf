import type { EntityChange } from "../core/change.ts";
import { changesMembership, pagesOf, touchesWindow } from "../core/dependency.ts";
import type { Dependency } from "../core/dependency.ts";
import { pageKey, parsePageKey, subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Scalar } from "../core/read.ts";
import { allRef, conditionRef, entityRef, valuesRef } from "../core/ref.ts";
import type { RefHash } from "../core/ref.ts";
import { sameTuple, tupleOf, valuesOf } from "../core/tuple.ts";
import type { Tuple } from "../core/tuple.ts";
import type { Manifest, ManifestReads } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { countPages, locatePage } from "./locate-page.ts";

/** What changes are expanded against. */
interface Expansion {
  readonly site: Site;
  readonly manifest: ManifestReads;
  readonly snapshot: Snapshot;
  /** Subjects whose pages have been compared: once is enough, however many changes come to their lists. */
  readonly compared: Set<PageKey>;
  /** Below zero: there were more edges than it is worth reading. */
  edgesLeft: number;
}

export interface ExpandOptions {
  /** Most pages. */
  readonly limit: number;
  /** Most edges that are read. */
  readonly edgesMax: number;
  readonly isDryRun: boolean;
}

/** A change with what its entity holds now. */
interface Expanded {
  readonly change: EntityChange;
  readonly after: Tuple | null;
  /** Created, deleted, or both in between: every ref to it is touched. */
  readonly existenceChanged: boolean;
  /** Whether a list can tell that it changed. */
  readonly movesInLists: boolean;
  readonly refs: ReadonlyMap<RefHash, "entity" | "list" | "values">;
}

function expandedOf(site: Site, snapshot: Snapshot, change: EntityChange): Expanded | undefined {
  const model = site.entities.get(change.type);
  if (model === undefined) return undefined;
  const entity = snapshot.get(change.type, change.id);
  const after = entity === undefined ? null : tupleOf(model, entity.data);
  const existenceChanged = after === null || change.before.includes(null);
  const refs = new Map<RefHash, "entity" | "list" | "values">([[entityRef(change.type, change.id), "entity"]]);
  const tuples = [...change.before, after].filter((tuple) => tuple !== null);
  const movesInLists = existenceChanged || change.before.some((before) => before !== null && !sameTuple(before, after));
  // A field that no list knows has changed: the lists are as they were.
  if (!movesInLists) return { change, after, existenceChanged, movesInLists, refs };
  refs.set(allRef(change.type), "list");
  for (const field of model.index) {
    const seen = new Set<string>();
    for (const tuple of tuples) {
      const values = valuesOf(tuple.fields[field]);
      seen.add(JSON.stringify(values));
      for (const value of values) refs.set(conditionRef(change.type, field, value), "list");
    }
    if (existenceChanged || seen.size > 1) refs.set(valuesRef(change.type, field), "values");
  }
  return { change, after, existenceChanged, movesInLists, refs };
}

/**
 * The pages whose bytes a set of changes may change, in a snapshot that has them all. What they touched is committed
 * before the first edge is read, so that a page rendered meanwhile from an older snapshot learns of it.
 *
 * @returns undefined when there are more than `limit`, or more than `edgesMax` edges lead to them
 */
export function affectedPages(
  site: Site,
  manifest: Manifest,
  snapshot: Snapshot,
  changes: readonly EntityChange[],
  options: ExpandOptions,
): ReadonlySet<PageKey> | undefined {
  const expanded = changes.flatMap((change) => expandedOf(site, snapshot, change) ?? []);
  if (!options.isDryRun && expanded.length > 0) {
    manifest.transact((transaction) => {
      for (const { refs, change } of expanded) transaction.touch(refs.keys(), change.version);
    });
  }
  const expansion: Expansion = { site, manifest, snapshot, compared: new Set(), edgesLeft: options.edgesMax };
  const affected = new Set<PageKey>();
  for (const one of expanded) {
    for (const key of affectedByRefs(expansion, one)) affected.add(key);
    for (const key of ownPages(expansion, one)) affected.add(key);
    if (affected.size > options.limit || expansion.edgesLeft < 0) return undefined;
  }
  return affected;
}

function* affectedByRefs(expansion: Expansion, one: Expanded): Iterable<PageKey> {
  for (const [ref, kind] of one.refs) {
    for (const { key, dependency } of expansion.manifest.dependants(ref)) {
      if (--expansion.edgesLeft < 0) return;
      if (dependency.kind === "extent") {
        if (one.change.before.some((before) => changesMembership(dependency.where, before, one.after))) {
          yield* pagesThatComeOrGo(expansion, key);
        }
      } else if (isAffected(expansion.snapshot, one, kind, dependency)) yield key;
    }
  }
}

function isAffected(
  snapshot: Snapshot,
  one: Expanded,
  kind: "entity" | "list" | "values",
  dependency: Dependency,
): boolean {
  const { change, after, existenceChanged } = one;
  const moves = (where: Parameters<typeof changesMembership>[0]): boolean =>
    change.before.some((before) => changesMembership(where, before, after));
  switch (dependency.kind) {
    case "entity":
      return existenceChanged || dependency.fields === "*" || change.fields === undefined
        ? true
        : change.fields.some((field) => dependency.fields.includes(field));
    case "window":
      return change.before.some((before) => touchesWindow(dependency.window, before, after));
    case "count":
      return moves(dependency.where);
    // An answer that is still the same changes no bytes, however often it was another in between.
    case "exists":
      return snapshot.count(change.type, dependency.where) > 0 !== dependency.answer;
    case "pages":
      return pagesOf(snapshot.count(change.type, dependency.where), dependency.perPage) !== dependency.answer;
    case "values":
      return kind === "values";
    case "extent":
    case "claim":
    case "folder":
    case "asset":
      return false;
  }
}

/** Pages of a subject that the snapshot has and the manifest hasn't, or the reverse. */
function* pagesThatComeOrGo(expansion: Expansion, key: PageKey): Iterable<PageKey> {
  const { site, manifest, snapshot, compared } = expansion;
  const parts = parsePageKey(key);
  const first = subjectKey(parts.route, parts.subject);
  if (compared.has(first)) return;
  compared.add(first);
  const known = new Set(manifest.pagesOf(first).map((row) => row.key));
  const pages = countQuietly(site, snapshot, parts);
  for (let number = 1; number <= pages; number++) {
    const wanted = pageKey(parts.route, parts.subject, number);
    if (!known.delete(wanted)) yield wanted;
  }
  yield* known;
}

/** A path or a condition that throws makes one page, which fails and says why. */
function countQuietly(site: Site, snapshot: Snapshot, parts: ReturnType<typeof parsePageKey>): number {
  try {
    return countPages(site, parts, snapshot);
  } catch {
    return 1;
  }
}

/** The pages that the entity itself, or a value of it, now has or no longer has. */
function* ownPages(expansion: Expansion, one: Expanded): Iterable<PageKey> {
  const { change, after } = one;
  for (const route of expansion.site.routes.values()) {
    const { each } = route;
    if (each.kind === "one" || each.type !== change.type) continue;
    if (each.kind === "entity") {
      yield* subjectPages(expansion, route.name, change.id);
      continue;
    }
    if (!one.movesInLists) continue;
    const values = new Set<Scalar>();
    for (const tuple of [...change.before, after]) {
      if (tuple !== null) for (const value of valuesOf(tuple.fields[each.field])) values.add(value);
    }
    for (const value of values) yield* pagesThatComeOrGo(expansion, pageKey(route.name, value, 1));
  }
}

/** All pages of an entity when its path is another one than the published; else those that come or go. */
function* subjectPages(expansion: Expansion, route: string, id: string): Iterable<PageKey> {
  const { site, manifest, snapshot } = expansion;
  const first = subjectKey(route, id);
  const rows = manifest.pagesOf(first);
  const path = pathQuietly(site, snapshot, first);
  const published = rows.find(({ key }) => key === first)?.published;
  if (published?.path !== path) for (const row of rows) yield row.key;
  yield* pagesThatComeOrGo(expansion, first);
}

function pathQuietly(site: Site, snapshot: Snapshot, key: PageKey): string | undefined {
  try {
    const located = locatePage(site, parsePageKey(key), snapshot, undefined);
    return located.kind === "page" ? located.path : undefined;
  } catch {
    return undefined;
  }
}
