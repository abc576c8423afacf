import type { PageOutcome } from "../core/outcome.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import type { Edge, Manifest, PageRow } from "../manifest/manifest.ts";
import type { Drift, DriftCause } from "../manifest/sweep-state.ts";
import type { PendingWork } from "./pending-work.ts";
import type { UnstablePage } from "./press-pages.ts";
import type { SourceTouches, Touch } from "./source-touches.ts";

/** What was known of a page before it was pressed. */
export interface KnownPage {
  readonly row: PageRow | undefined;
  readonly edges: readonly Edge[];
}

/** A page whose bytes weren't what they should be, before it is known whether something asks for it. */
export interface Deviation {
  readonly key: PageKey;
  readonly cause: DriftCause;
  readonly detail: string;
  /** What its newest input is, where one is newer than the page. */
  readonly touch: Touch | undefined;
}

export interface DriftContext {
  readonly manifest: Pick<Manifest, "edgesOf" | "meta">;
  readonly touches: SourceTouches;
  readonly epochs: ReadonlyMap<string, number>;
  readonly nowSeconds: number;
}

/**
 * Says of the outcome of a page's press why its bytes weren't what they should be. Undefined when they were, or when it is known why not: its
 * templates are newer, it fell due, or it had failed before.
 */
export function deviationOf(
  context: DriftContext,
  outcome: PageOutcome,
  before: KnownPage,
  unstable: UnstablePage | undefined,
): Deviation | undefined {
  const { key } = outcome;
  const { row, edges } = before;
  const isLost = outcome.kind === "gone" || outcome.kind === "removed";
  if (!isLost && outcome.kind !== "written") return undefined;
  // The very bytes, under a newer stamp.
  if (outcome.kind === "written" && outcome.reason === "stamp") return undefined;
  if (row !== undefined && isExpected(context, row)) return undefined;
  if (outcome.kind === "written" && (outcome.reason === "missing" || outcome.reason === "altered")) {
    const detail = outcome.reason === "missing" ? "its file was missing" : "its file was another one";
    return { key, cause: "store", detail, touch: undefined };
  }
  if (unstable !== undefined) {
    const { line, left, right } = unstable.difference;
    const detail = `line ${line} of two renders of the same data: ${JSON.stringify(left)}, ${JSON.stringify(right)}`;
    return { key, cause: "not-deterministic", detail, touch: undefined };
  }
  const refs = refsOf([...edges, ...context.manifest.edgesOf(key)]);
  // A complete build has followed all changes up to the one that it passed.
  const since = Math.max(row?.verified.version ?? 0, Number(context.manifest.meta("complete") ?? 0));
  const touch = context.touches.newest(refs, since);
  if (isLost) return lost(key, "its entity is gone", touch);
  if (row === undefined) return lost(key, "it wasn't there", touch);
  if (outcome.kind === "written" && outcome.reason === "moved") return lost(key, "its path is another one", touch);
  if (touch !== undefined) return lost(key, `${touch.entity} changed in version ${touch.version}`, touch);
  if (!context.touches.knows(since)) return lost(key, "the source no longer knows what changed", undefined);
  const known = new Set(edges.map(({ ref }) => ref));
  const added = context.manifest.edgesOf(key).filter(({ ref }) => !known.has(ref)).length;
  const others = added === 0 ? "the same refs as before" : `${added} refs that weren't recorded`;
  const detail = `nothing that it was known to read has changed since version ${since}; now it reads ${others}`;
  return { key, cause: "dependency-not-recorded", detail, touch: undefined };
}

function lost(key: PageKey, detail: string, touch: Touch | undefined): Deviation {
  return { key, cause: "event-lost", detail, touch };
}

function isExpected({ epochs, nowSeconds }: DriftContext, { key, verified, due, error }: PageRow): boolean {
  if (error !== undefined || (due !== undefined && due <= nowSeconds)) return true;
  return verified.epoch < (epochs.get(parsePageKey(key).route) ?? 0);
}

export function refsOf(edges: readonly Edge[]): readonly RefHash[] {
  return edges.map(({ ref }) => ref);
}

/** The deviations that nothing asks for: nobody else would have mended them. */
export function driftAmong(
  deviations: readonly Deviation[],
  pending: PendingWork,
  found: { has(version: number): boolean },
  at: number,
): readonly Drift[] {
  return deviations
    .filter(({ key, cause, touch }) => {
      if (cause !== "event-lost")
        return cause === "not-deterministic" || cause === "store" || !pending.mayBe(key, undefined);
      // What a sweep itself found in the source had no event before.
      return touch !== undefined && found.has(touch.version) ? true : !pending.mayBe(key, touch?.entity);
    })
    .map(({ key, cause, detail }) => ({ key, at, cause, detail }));
}
