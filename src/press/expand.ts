import { batches } from "../core/batches.ts";
import type { EntityChange } from "../core/change.ts";
import type { Dependency } from "../core/dependency.ts";
import { pageKey, parsePageKey, subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Scalar } from "../core/read.ts";
import type { RefHash } from "../core/ref.ts";
import { valuesOf } from "../core/tuple.ts";
import type { Asked, Manifest, ManifestReads, PageRow } from "../manifest/manifest.ts";
import type { RouteModel, Site } from "../site/site.ts";
import { AffectedPages } from "./affected-pages.ts";
import { checkEpoch } from "./check-epoch.ts";
import { countPages, locatePage } from "./locate-page.ts";
import type { Lookups } from "./locate-page.ts";
import { noteSeen } from "./newest-version.ts";
import { OpenPaths, openPathsSetting } from "./open-paths.ts";
import { RefTouches } from "./ref-touches.ts";
import { refsTouchedBy, withAfter } from "./touched-refs.ts";
import type { ChangeWithAfter, TouchedRef } from "./touched-refs.ts";

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
  /** Most edges that are read. Each is read once, however many of the changes lead to it. */
  readonly edgesMax: number;
  /** Above `limit` the routes with the most of these pages stand for them, rather than that nothing is found. Default false. */
  readonly namesRoutes?: boolean;
  readonly isDryRun: boolean;
  /** The epoch that changes are expanded in: nothing is done when a newer one was registered. Undefined is the newest. */
  readonly epoch?: number;
  /** Whether a process died that pressed pages: what it put may say something else than the answers that are recorded. Default false. */
  readonly distrustsAnswers?: boolean;
  /** Told of each affected page, as often as something leads to it. */
  readonly onAffected?: ((affected: Affected) => void) | undefined;
}

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

/** Changes, or edges, that one step goes over: a few milliseconds. */
const STEP = 256;
/** Refs, or changes, of which a manifest is asked at once. */
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
    if (step.done === true) return step.value?.named;
  }
}

/** As `affectedPages`, in steps between which others may have their turn. The snapshot has to last for all of them. */
export function* affectedInSteps(
  site: Site,
  manifest: Manifest,
  snapshot: Lookups,
  changes: readonly EntityChange[],
  options: ExpandOptions,
): Generator<undefined, AffectedPages | undefined> {
  const expanded: ChangeWithAfter[] = [];
  const byRef = new Map<RefHash, RefTouches>();
  for (const piece of batches(changes, STEP)) {
    const next = piece.flatMap((change) => withAfter(site, snapshot, change) ?? []);
    expanded.push(...next);
    const touched = next.map((one) => ({ one, refs: refsTouchedBy(site, one) }));
    if (!options.isDryRun && touched.length > 0) {
      manifest.transact((transaction) => {
        // Routes that a newer set of templates has are unknown here.
        if (options.epoch !== undefined) checkEpoch(manifest, options.epoch);
        for (const { one, refs } of touched) {
          transaction.touch(refs.keys(), one.change.version);
          noteSeen(manifest, one.change.version);
        }
      });
    }
    for (const { one, refs } of touched) {
      for (const [hash, ref] of refs) {
        const touches = byRef.get(hash) ?? new RefTouches();
        byRef.set(hash, touches);
        touches.add({ one, ref });
      }
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
  const affected = new AffectedPages(options.limit, options.namesRoutes ?? false);
  const lookAt = (asked: Asked): void => {
    const look = manifest.look(asked);
    expansion.manifest = look;
    expansion.openPaths = openPaths.asOf(look);
  };
  let steps = 0;
  for (const found of allAffected(expansion, expanded, byRef, lookAt)) {
    if (found !== undefined) {
      affected.add(found.key);
      options.onAffected?.(found);
    }
    if (affected.isFull || expansion.edgesLeft < 0) return undefined;
    if (++steps % STEP === 0) yield;
  }
  return affected;
}

/** What each edge, and each change by itself, leads to; undefined for nothing. `lookAt`: what the manifest is asked for is asked for at once. */
function* allAffected(
  expansion: Expansion,
  expanded: readonly ChangeWithAfter[],
  byRef: ReadonlyMap<RefHash, RefTouches>,
  lookAt: (asked: Asked) => void,
): Iterable<Affected | undefined> {
  const { site, snapshot, distrustsAnswers } = expansion;
  const wanted = [...byRef].filter(([, touches]) => distrustsAnswers || !touches.isStillTrue(snapshot));
  for (const piece of batches(wanted, LOOK)) {
    lookAt({ refs: piece.map(([hash]) => hash) });
    for (const [hash, touches] of piece) {
      yield* affectedByRef(expansion, hash, touches);
      // To find no edge takes its time too.
      yield undefined;
    }
  }
  for (const piece of batches(expanded, LOOK)) {
    const subjects = piece.flatMap((one) => [...site.routes.values()].flatMap((route) => ownSubjects(route, one)));
    lookAt({ subjects, settings: subjects.map(openPathsSetting) });
    for (const one of piece) {
      yield* ownPages(expansion, one);
      yield undefined;
    }
  }
}

/** What each edge of a ref leads to; undefined for one that leads to nothing. Every edge is read once, whatever touches the ref. */
function* affectedByRef(expansion: Expansion, hash: RefHash, touches: RefTouches): Iterable<Affected | undefined> {
  const { manifest, snapshot, distrustsAnswers } = expansion;
  for (const { key, dependency } of manifest.dependants(hash)) {
    if (--expansion.edgesLeft < 0) return;
    const touch = touches.leadingTo(dependency, snapshot, distrustsAnswers);
    if (touch === undefined) yield undefined;
    else if (dependency.kind === "extent") yield* pagesThatComeOrGo(expansion, key, touch.one.change);
    else yield { key, because: "uses", change: touch.one.change, ref: touch.ref, dependency };
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
function* ownPages(expansion: Expansion, one: ChangeWithAfter): Iterable<Affected> {
  const { change } = one;
  for (const route of expansion.site.routes.values()) {
    for (const first of ownSubjects(route, one)) {
      if (route.each.kind === "entity") yield* subjectPages(expansion, route.name, change);
      else yield* pagesThatComeOrGo(expansion, first, change);
    }
  }
}

/** The first pages of a route that are about a changed entity, or about a value that it has or had. */
function ownSubjects({ name, each }: RouteModel, { change, after, movesInLists }: ChangeWithAfter): readonly PageKey[] {
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
