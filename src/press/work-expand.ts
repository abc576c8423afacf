import type { EntityChange } from "../core/change.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import { tupleOf } from "../core/tuple.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { affectedInSteps } from "./expand.ts";
import type { AnnouncedChange } from "./work-events.ts";

/** Up to so many pages are pressed at once; up to the other number they go to the bulk lane; above, if one event leads to them, routes do. */
const PRESSED_AT_ONCE_MAX = 200;
const NAMED_MAX = 50_000;

export interface ExpandContext {
  readonly site: Site;
  readonly manifest: Manifest;
  readonly snapshot: Snapshot;
  /** Nothing is touched, and nothing expanded, when a newer one was registered. */
  readonly epoch: number;
  /**
   * What the source knows of an entity's values before its changes, for an event that doesn't tell; undefined when it
   * doesn't know either.
   */
  readonly knownBefore: (type: string, id: string) => EntityChange["before"] | undefined;
  /** As of `ExpandOptions`. */
  readonly distrustsAnswers: boolean;
  /** Lets others have their turn. */
  readonly breathe: () => Promise<void>;
  /** Most pages that are named; 50,000 unless given. */
  readonly namedMax?: number | undefined;
}

export type ExpandedEvents =
  | {
      readonly kind: "pages";
      /** Pages of the changed entities themselves: they come before the lists that link to them. */
      readonly own: readonly PageKey[];
      readonly others: readonly PageKey[];
      /** For the bulk lane. */
      readonly handedOn: readonly PageKey[];
      /** To be rendered whole: the one change affects more of their pages than can be named. */
      readonly routes: readonly string[];
    }
  /** Together they affect more pages than can be named, though each of them may not: they are to be expanded in smaller parts. */
  | { readonly kind: "many" }
  /** What was before isn't known of one of them: every route is to be rendered whole. */
  | { readonly kind: "whole" };

/**
 * The pages that changes affect, and who presses them. How many edges have to be followed bounds nothing: each is followed once, and all
 * that a page has take no longer than to render it.
 *
 * @throws RekilnError `epoch-behind`
 */
export async function expandEvents(
  context: ExpandContext,
  announced: readonly AnnouncedChange[],
): Promise<ExpandedEvents> {
  const { site, manifest, snapshot, epoch, distrustsAnswers } = context;
  const changes: EntityChange[] = [];
  for (const change of announced) {
    const model = site.entities.get(change.type);
    // A type that the site doesn't declare is on no page.
    if (model === undefined) continue;
    const known = change.before ?? context.knownBefore(change.type, change.id);
    if (known === undefined) return { kind: "whole" };
    if (known.length > 0) {
      changes.push({ ...change, before: known });
      continue;
    }
    // Nothing is known to have changed: as if it had been written once more, as it is.
    const entity = snapshot.get(change.type, change.id);
    changes.push({ ...change, before: [entity === undefined ? null : tupleOf(model, entity.data)] });
  }
  const limit = context.namedMax ?? NAMED_MAX;
  const edgesMax = Number.POSITIVE_INFINITY;
  const namesRoutes = changes.length === 1;
  const limits = { limit, edgesMax, namesRoutes, isDryRun: false, epoch, distrustsAnswers };
  const steps = affectedInSteps(site, manifest, snapshot, changes, limits);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) await context.breathe();
  const affected = step.value;
  if (affected === undefined) return { kind: "many" };
  const { named } = affected;
  const routes = [...affected.routes];
  const changed = new Set(changes.map(({ type, id }) => JSON.stringify([type, id])));
  const isOwn = (key: PageKey): boolean => {
    const { route, subject } = parsePageKey(key);
    const each = site.routes.get(route)?.each;
    return each?.kind === "entity" && changed.has(JSON.stringify([each.type, subject]));
  };
  const own: PageKey[] = [];
  const others: PageKey[] = [];
  for (const key of named) (isOwn(key) ? own : others).push(key);
  if (named.size <= PRESSED_AT_ONCE_MAX) return { kind: "pages", own, others, handedOn: [], routes };
  if (own.length <= PRESSED_AT_ONCE_MAX) return { kind: "pages", own, others: [], handedOn: others, routes };
  return { kind: "pages", own: [], others: [], handedOn: [...own, ...others], routes };
}
