import { batches } from "../core/batches.ts";
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
import type { Asked, Manifest, ManifestReads, PageRow } from "../manifest/manifest.ts";
import type { RouteModel, Site } from "../site/site.ts";
import { checkEpoch } from "./check-epoch.ts";
import { countPages, locatePage } from "./locate-page.ts";
import type { Lookups } from "./locate-page.ts";
import { noteSeen } from "./newest-version.ts";
import { OpenPaths, openPathsSetting } from "./open-paths.ts";

/** What changes are expanded against. */
interface Expansion {
  readonly site: Site;
  /** As it was after what was touched had been committed. */
  manifest: ManifestReads;
  readonly snapshot: Lookups;
  openPaths: OpenPaths;
  /** As of `ExpandOptions`. */
  readonly distrustsAnswers: boolean;
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
  /** The epoch that changes are expanded in: nothing is done when a newer one was registered. Undefined is the newest. */
  readonly epoch?: number;
  /** Whether a process died that pressed pages: what it put may say something else than the answers that are recorded. Default false. */
  readonly distrustsAnswers?: boolean;
  /** Told of each affected page, as often as something leads to it. */
  readonly onAffected?: ((affected: Affected) => void) | undefined;
}

/** A ref that a change touches: the entity's own, a condition (`film[*]` has no field), or the values of a field. */
type TouchedRef =
  | { readonly kind: "entity" }
  | { readonly kind: "list"; readonly field?: string; readonly value?: Scalar }
  | { readonly kind: "values"; readonly field: string };

/** A page that a change affects, and what led to it. */
export type Affected =
  | {
      readonly key: PageKey;
      readonly because: "uses";
      readonly change: EntityChange;
      readonly ref: TouchedRef;
      readonly dependency: Dependency;
    }
  /** It is a page from now on, is none any more, or stands elsewhere. */
  | { readonly key: PageKey; readonly because: "comes" | "goes" | "moves"; readonly change: EntityChange };

/** A change with what its entity holds now. */
interface Expanded {
  readonly change: EntityChange;
  readonly after: Tuple | null;
  /** Created, deleted, or both in between: every ref to it is touched. */
  readonly existenceChanged: boolean;
  /** Whether a list can tell that it changed. */
  readonly movesInLists: boolean;
  readonly refs: ReadonlyMap<RefHash, TouchedRef>;
}

function expandedOf(site: Site, snapshot: Lookups, change: EntityChange): Expanded | undefined {
  const model = site.entities.get(change.type);
  if (model === undefined) return undefined;
  const entity = snapshot.get(change.type, change.id);
  const after = entity === undefined ? null : tupleOf(model, entity.data);
  const existenceChanged = after === null || change.before.includes(null);
  const refs = new Map<RefHash, TouchedRef>([[entityRef(change.type, change.id), { kind: "entity" }]]);
  const tuples = [...change.before, after].filter((tuple) => tuple !== null);
  const movesInLists = existenceChanged || change.before.some((before) => before !== null && !sameTuple(before, after));
  // A field that no list knows has changed: the lists are as they were.
  if (!movesInLists) return { change, after, existenceChanged, movesInLists, refs };
  refs.set(allRef(change.type), { kind: "list" });
  for (const field of model.index) {
    const seen = new Set<string>();
    for (const tuple of tuples) {
      const values = valuesOf(tuple.fields[field]);
      seen.add(JSON.stringify(values));
      for (const value of values) refs.set(conditionRef(change.type, field, value), { kind: "list", field, value });
    }
    if (existenceChanged || seen.size > 1) refs.set(valuesRef(change.type, field), { kind: "values", field });
  }
  return { change, after, existenceChanged, movesInLists, refs };
}

/** The refs that a change touches, as a snapshot that has it tells. */
export function touchedRefs(site: Site, snapshot: Lookups, change: EntityChange): Iterable<RefHash> {
  return expandedOf(site, snapshot, change)?.refs.keys() ?? [];
}

/** Changes, or edges, that one step goes over: a few milliseconds. */
const STEP = 256;
/** Changes of which a manifest is asked at once. */
const LOOK = 128;

/**
 * The pages whose bytes a set of changes may change, in a snapshot that has them all. What they touched is committed
 * before the first edge is read, so that a page rendered meanwhile from an older snapshot learns of it.
 *
 * @throws RekilnError `epoch-behind`
 * @returns undefined when there are more than `limit`, or more than `edgesMax` edges lead to them
 */
export function affectedPages(
  site: Site,
  manifest: Manifest,
  snapshot: Lookups,
  changes: readonly EntityChange[],
  options: ExpandOptions,
): ReadonlySet<PageKey> | undefined {
  const steps = affectedInSteps(site, manifest, snapshot, changes, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As `affectedPages`, in steps between which others may have their turn. The snapshot has to last for all of them. */
export function* affectedInSteps(
  site: Site,
  manifest: Manifest,
  snapshot: Lookups,
  changes: readonly EntityChange[],
  options: ExpandOptions,
): Generator<undefined, ReadonlySet<PageKey> | undefined> {
  const expanded: Expanded[] = [];
  for (const piece of batches(changes, STEP)) {
    const next = piece.flatMap((change) => expandedOf(site, snapshot, change) ?? []);
    expanded.push(...next);
    if (!options.isDryRun && next.length > 0) {
      manifest.transact((transaction) => {
        // Routes that a newer set of templates has are unknown here.
        if (options.epoch !== undefined) checkEpoch(manifest, options.epoch);
        for (const { refs, change } of next) {
          transaction.touch(refs.keys(), change.version);
          noteSeen(manifest, change.version);
        }
      });
    }
    yield;
  }
  const openPaths = new OpenPaths(manifest);
  const expansion: Expansion = {
    site,
    manifest,
    snapshot,
    openPaths,
    distrustsAnswers: options.distrustsAnswers ?? false,
    compared: new Set(),
    edgesLeft: options.edgesMax,
  };
  const affected = new Set<PageKey>();
  const note = (one: Affected): void => {
    affected.add(one.key);
    options.onAffected?.(one);
  };
  let edges = 0;
  for (const [place, one] of expanded.entries()) {
    if (place % LOOK === 0) {
      const look = manifest.look(askedByChanges(site, expanded.slice(place, place + LOOK)));
      expansion.manifest = look;
      expansion.openPaths = openPaths.asOf(look);
    }
    for (const found of affectedByRefs(expansion, one)) {
      if (found !== undefined) note(found);
      if (++edges % STEP === 0) yield;
    }
    for (const found of ownPages(expansion, one)) note(found);
    if (++edges % STEP === 0) yield;
    if (affected.size > options.limit || expansion.edgesLeft < 0) return undefined;
  }
  return affected;
}

/** What a manifest is asked about changes. */
function askedByChanges(site: Site, expanded: readonly Expanded[]): Asked {
  const subjects = expanded.flatMap((one) => [...site.routes.values()].flatMap((route) => ownSubjects(route, one)));
  return {
    refs: new Set(expanded.flatMap(({ refs }) => [...refs.keys()])),
    subjects,
    settings: subjects.map(openPathsSetting),
  };
}

/** What each edge leads to; undefined for one that leads to nothing. */
function* affectedByRefs(expansion: Expansion, one: Expanded): Iterable<Affected | undefined> {
  const { change } = one;
  for (const [hash, ref] of one.refs) {
    for (const { key, dependency } of expansion.manifest.dependants(hash)) {
      if (--expansion.edgesLeft < 0) return;
      if (dependency.kind === "extent") {
        if (change.before.some((before) => changesMembership(dependency.where, before, one.after))) {
          yield* pagesThatComeOrGo(expansion, key, change);
        }
      } else if (isAffected(expansion, one, ref.kind, dependency)) {
        yield { key, because: "uses", change, ref, dependency };
        continue;
      }
      yield undefined;
    }
  }
}

function isAffected(
  { snapshot, distrustsAnswers }: Expansion,
  one: Expanded,
  kind: TouchedRef["kind"],
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
      if (distrustsAnswers) return moves(dependency.where);
      return snapshot.count(change.type, dependency.where) > 0 !== dependency.answer;
    case "pages":
      if (distrustsAnswers) return moves(dependency.where);
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
function* pagesThatComeOrGo(expansion: Expansion, key: PageKey, change: EntityChange): Iterable<Affected> {
  const { site, manifest, snapshot, compared } = expansion;
  const parts = parsePageKey(key);
  const first = subjectKey(parts.route, parts.subject);
  if (compared.has(first)) return;
  compared.add(first);
  const rows = manifest.pagesOf(first);
  const known = new Set(rows.map((row) => row.key));
  // One that failed before it came to be has hardly read anything that would lead to it.
  const unborn = new Set(rows.filter(isUnborn).map((row) => row.key));
  const pages = countQuietly(site, snapshot, parts);
  for (let number = 1; number <= pages; number++) {
    const wanted = pageKey(parts.route, parts.subject, number);
    if (!known.delete(wanted) || unborn.has(wanted)) yield { key: wanted, because: "comes", change };
  }
  for (const gone of known) yield { key: gone, because: "goes", change };
  // Whoever pressed them died, or those who come after them did.
  for (const open of expansion.openPaths.pagesOf(first)) yield { key: open, because: "moves", change };
}

function isUnborn({ published, stale }: PageRow): boolean {
  return published === undefined && stale?.kind === "failed";
}

/** A path or a condition that throws makes one page, which fails and says why. */
function countQuietly(site: Site, snapshot: Lookups, parts: ReturnType<typeof parsePageKey>): number {
  try {
    return countPages(site, parts, snapshot);
  } catch {
    return 1;
  }
}

/** The pages that the entity itself, or a value of it, now has or no longer has. */
function* ownPages(expansion: Expansion, one: Expanded): Iterable<Affected> {
  const { change } = one;
  for (const route of expansion.site.routes.values()) {
    for (const first of ownSubjects(route, one)) {
      if (route.each.kind === "entity") yield* subjectPages(expansion, route.name, change);
      else yield* pagesThatComeOrGo(expansion, first, change);
    }
  }
}

/** The first pages of a route that are about a changed entity, or about a value that it has or had. */
function ownSubjects({ name, each }: RouteModel, { change, after, movesInLists }: Expanded): readonly PageKey[] {
  if (each.kind === "one" || each.type !== change.type) return [];
  if (each.kind === "entity") return [subjectKey(name, change.id)];
  if (!movesInLists) return [];
  const values = new Set<Scalar>();
  for (const tuple of [...change.before, after]) {
    if (tuple !== null) for (const value of valuesOf(tuple.fields[each.field])) values.add(value);
  }
  return [...values].map((value) => subjectKey(name, value));
}

/** All pages of an entity when its path is another one than the published; else those that come or go. */
function* subjectPages(expansion: Expansion, route: string, change: EntityChange): Iterable<Affected> {
  const { site, manifest, snapshot } = expansion;
  const first = subjectKey(route, change.id);
  const rows = manifest.pagesOf(first);
  const path = pathQuietly(site, snapshot, first);
  const published = rows.find(({ key }) => key === first)?.published;
  if (published?.path !== path) for (const { key } of rows) yield { key, because: "moves", change };
  yield* pagesThatComeOrGo(expansion, first, change);
}

function pathQuietly(site: Site, snapshot: Lookups, key: PageKey): string | undefined {
  try {
    const located = locatePage(site, parsePageKey(key), snapshot, undefined);
    return located.kind === "page" ? located.path : undefined;
  } catch {
    return undefined;
  }
}
