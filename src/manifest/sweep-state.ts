import type { PageKey } from "../core/page.ts";

/**
 * A part of a route that one sweeper goes over at a time: some of its subjects, in the order of the source. The slices of a route lie side by
 * side without a gap, so that a subject which nobody knows of yet stands in one too.
 */
export interface SweepSlice {
  readonly id: number;
  readonly route: string;
  /** Subjects behind this one, as JSON; `""` is the very beginning. */
  readonly after: string;
  /** Up to this, it included; undefined is the end. */
  readonly upTo: string | undefined;
  /** Unix seconds since which all of its pages are known to be verified. */
  readonly swept: number;
  /** How often it was gone over. */
  readonly rounds: number;
  /** Who goes over it now. */
  readonly holder: string | undefined;
  /** Unix seconds until which nobody else may take it; 0 when it is free. */
  readonly leaseUntil: number;
}

/** The slices of one route. */
export interface RouteSweep {
  readonly route: string;
  readonly slices: number;
  /** Unix seconds of the slice that was verified longest ago, whoever holds it. */
  readonly oldest: number;
  /** The same of those that can be taken now; undefined when all are held. */
  readonly oldestFree: number | undefined;
}

/**
 * Why the bytes of a page weren't what they should be though no event was pending:
 *
 * - `event-lost`: what it reads is newer than the page.
 * - `dependency-not-recorded`: nothing that it was known to read is newer.
 * - `not-deterministic`: two renders of one snapshot differ.
 * - `store`: its file was missing, or another one.
 */
export type DriftCause = "event-lost" | "dependency-not-recorded" | "not-deterministic" | "store";

export interface Drift {
  readonly key: PageKey;
  /** Unix seconds. */
  readonly at: number;
  readonly cause: DriftCause;
  /** For people: what was found. */
  readonly detail: string;
}

/** A time further ahead of the clock than this, in seconds, is one of a clock that was wrong. */
export const CLOCK_AHEAD_MAX_SECONDS = 15 * 60;

/**
 * How far sweeps have come, and what they found. A lease, or a time of verification, that is ahead of `now` by more than
 * `CLOCK_AHEAD_MAX_SECONDS` counts as 0. Slices are changed within the manifest's transactions, so that no two sweepers
 * take one.
 */
export interface SweepState {
  /** All routes that have slices. */
  sweeps(now: number): readonly RouteSweep[];
  /** The slice that was verified longest ago, of those that nobody holds at `now` (Unix seconds). */
  oldestFree(route: string, now: number): SweepSlice | undefined;
  slice(id: number): SweepSlice | undefined;
  /** @returns its id */
  addSlice(slice: Omit<SweepSlice, "id">): number;
  /** Replaces a slice. */
  putSlice(slice: SweepSlice): void;
  /** Lets no slice count as verified later than `at` (Unix seconds). */
  holdBack(at: number): void;
  /** For a route that the site no longer has. */
  removeSlices(route: string): void;
  /** Keeps the newest 10,000. */
  noteDrift(drift: Drift): void;
  /** Found since (Unix seconds), the newest first. */
  drifts(since: number, limit: number): readonly Drift[];
  /** What was found of one page, the newest first. */
  driftsOf(key: PageKey): readonly Drift[];
  driftCounts(since: number): Readonly<Record<DriftCause, number>>;
}

export const DRIFT_CAUSES: readonly DriftCause[] = [
  "event-lost",
  "dependency-not-recorded",
  "not-deterministic",
  "store",
];

/** As many of each cause as there are in none. */
export function noDrift(): Record<DriftCause, number> {
  return { "event-lost": 0, "dependency-not-recorded": 0, "not-deterministic": 0, store: 0 };
}

export const DRIFTS_KEPT_MAX = 10_000;
