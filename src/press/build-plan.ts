import { batches } from "../core/batches.ts";
import type { EntityChange } from "../core/change.ts";
import type { PageKey, PageParts } from "../core/page.ts";
import { furtherKey, pageKey, parsePageKey } from "../core/page.ts";
import type { Scalar } from "../core/read.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site, RouteModel } from "../site/site.ts";
import type { Snapshot, Source } from "../source/source.ts";
import { countPages } from "./locate-page.ts";

/** Above this many changes it is cheaper to render everything than to expand them. */
const CHANGES_EXPANDED_MAX = 20_000;
const SUBJECTS_PIECE = 1000;

/** Why a route is rendered whole. */
type WholeReason = "forced" | "first" | "changes-unknown" | "many-changes" | "templates";

/** Which routes are rendered whole and why; the others follow `changes`. */
export interface BuildPlan {
  readonly whole: ReadonlyMap<string, WholeReason>;
  readonly changes: readonly EntityChange[];
}

export interface BuildState {
  readonly site: Site;
  readonly source: Source;
  /** Version that the last complete build passed; undefined before the first. */
  readonly complete: number | undefined;
  /** By route: the epoch at which it was last rendered whole. */
  readonly builtEpochs: ReadonlyMap<string, number>;
  readonly epochs: ReadonlyMap<string, number>;
}

export function planBuild(
  state: BuildState,
  options: { readonly routes: ReadonlySet<string> | undefined; readonly isForced: boolean },
): BuildPlan {
  const { site, source, complete, builtEpochs, epochs } = state;
  const changes = complete === undefined ? undefined : source.changesSince(complete);
  const reasonFor = (route: string): WholeReason | undefined => {
    if (options.isForced) return "forced";
    if (complete === undefined) return "first";
    if (changes === undefined) return "changes-unknown";
    if (changes.length > CHANGES_EXPANDED_MAX) return "many-changes";
    return builtEpochs.get(route) === epochs.get(route) ? undefined : "templates";
  };
  const whole = new Map<string, WholeReason>();
  for (const route of site.routes.keys()) {
    if (options.routes !== undefined && !options.routes.has(route)) continue;
    const reason = reasonFor(route);
    if (reason !== undefined) whole.set(route, reason);
  }
  return { whole, changes: changes ?? [] };
}

function* subjectsOf(route: RouteModel, snapshot: Snapshot): Iterable<readonly (Scalar | undefined)[]> {
  const { each } = route;
  if (each.kind === "one") {
    yield [undefined];
    return;
  }
  let after: Scalar | undefined;
  for (;;) {
    const piece: readonly Scalar[] =
      each.kind === "entity"
        ? snapshot.ids(each.type, typeof after === "string" ? after : undefined, SUBJECTS_PIECE)
        : snapshot.distinct(each.type, each.field, after, SUBJECTS_PIECE);
    if (piece.length > 0) yield piece;
    if (piece.length < SUBJECTS_PIECE) return;
    after = piece.at(-1);
  }
}

/** How many subjects a route has: its pages, but for further pages of its lists. */
export function countSubjects(route: RouteModel, snapshot: Snapshot): number {
  const { each } = route;
  if (each.kind === "one") return 1;
  return each.kind === "entity" ? snapshot.count(each.type, {}) : snapshot.values(each.type, each.field).length;
}

/** Page 1 of every subject of a route in a snapshot, in batches. What presses it tells of the pages behind it. */
export function* firstPagesOfRoute(
  route: RouteModel,
  snapshot: Snapshot,
  batchPages: number,
): Iterable<readonly PageKey[]> {
  const subjects = subjectsOf(route, snapshot);
  yield* batches(firstPages(route, subjects), batchPages);
}

function* firstPages(route: RouteModel, pieces: Iterable<readonly (Scalar | undefined)[]>): Iterable<PageKey> {
  for (const subjects of pieces) for (const subject of subjects) yield pageKey(route.name, subject, 1);
}

/** The further pages that first pages of lists have in a snapshot, and of which the manifest knows nothing yet. */
export function* newPagesBehind(
  site: Site,
  manifest: Pick<Manifest, "page">,
  snapshot: Snapshot,
  firsts: readonly PageKey[],
): Iterable<PageKey> {
  for (const first of firsts) {
    const pages = countPagesQuietly(site, parsePageKey(first), snapshot);
    for (let number = 2; number <= pages; number++) {
      const further = furtherKey(first, number);
      if (manifest.page(further) === undefined) yield further;
    }
  }
}

/** Whether a snapshot has a page. */
export function isPageOfSnapshot(site: Site, key: PageKey, snapshot: Snapshot): boolean {
  const parts = parsePageKey(key);
  return parts.number <= countPagesQuietly(site, parts, snapshot);
}

/** How many pages a subject has. One whose path can't be evaluated has one page: its press says what is wrong. */
export function countPagesQuietly(site: Site, parts: PageParts, snapshot: Snapshot): number {
  try {
    return countPages(site, parts, snapshot);
  } catch {
    return 1;
  }
}
