import type { EntityChange } from "../core/change.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import { tupleOf } from "../core/tuple.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { affectedInSteps } from "./expand.ts";
import type { AnnouncedChange } from "./work-events.ts";

/** Up to so many pages are pressed at once; up to the other number they go to the bulk lane; above, routes do. */
const PRESSED_AT_ONCE_MAX = 200;
const NAMED_MAX = 50_000;
/** Following an edge takes about 10 µs: five seconds. */
const EDGES_MAX = 500_000;

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
}

export type ExpandedEvents =
  | {
      readonly kind: "pages";
      /** Pages of the changed entities themselves: they come before the lists that link to them. */
      readonly own: readonly PageKey[];
      readonly others: readonly PageKey[];
      /** For the bulk lane. */
      readonly handedOn: readonly PageKey[];
    }
  | { readonly kind: "whole" };

/** The pages that changes affect, and who presses them. @throws RekilnError `epoch-behind` */
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
  const limits = { limit: NAMED_MAX, edgesMax: EDGES_MAX, isDryRun: false, epoch, distrustsAnswers };
  const steps = affectedInSteps(site, manifest, snapshot, changes, limits);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) await context.breathe();
  const affected = step.value;
  if (affected === undefined) return { kind: "whole" };
  const changed = new Set(changes.map(({ type, id }) => JSON.stringify([type, id])));
  const isOwn = (key: PageKey): boolean => {
    const { route, subject } = parsePageKey(key);
    const each = site.routes.get(route)?.each;
    return each?.kind === "entity" && changed.has(JSON.stringify([each.type, subject]));
  };
  const own: PageKey[] = [];
  const others: PageKey[] = [];
  for (const key of affected) (isOwn(key) ? own : others).push(key);
  if (affected.size <= PRESSED_AT_ONCE_MAX) return { kind: "pages", own, others, handedOn: [] };
  if (own.length <= PRESSED_AT_ONCE_MAX) return { kind: "pages", own, others: [], handedOn: others };
  return { kind: "pages", own: [], others: [], handedOn: [...own, ...others] };
}
