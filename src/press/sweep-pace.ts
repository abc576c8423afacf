import type { RouteSweep } from "../manifest/sweep-state.ts";

/** Part of a period in which a round is meant to end: what is left is for whatever comes in between. */
const ROUND = 0.9;
/** From this part of its period on a slice is taken whatever the pace says. */
const DUE = 0.95;

/** A route, as the pace sees it. */
export interface PacedRoute {
  readonly route: string;
  readonly periodSeconds: number;
  readonly slices: Pick<RouteSweep, "oldest" | "oldestFree">;
  /** When the pace allows its next slice, in Unix seconds. */
  readonly next: number;
}

export type PaceChoice =
  | { readonly do: "take"; readonly route: string }
  /** Nothing is to be done before (Unix seconds); undefined when there is nothing at all. */
  | { readonly do: "wait"; readonly until: number | undefined };

/**
 * Which slice is next: of those that are due, or that the pace allows, the one that has waited longest in proportion to its period, so
 * that routes with a short one go first and none is forgotten.
 */
export function chooseSlice(routes: readonly PacedRoute[], nowSeconds: number): PaceChoice {
  let best: { readonly route: string; readonly waited: number } | undefined;
  let until: number | undefined;
  for (const { route, periodSeconds, slices, next } of routes) {
    const { oldestFree } = slices;
    if (oldestFree === undefined) continue;
    const from = Math.min(oldestFree + periodSeconds * DUE, next);
    if (from > nowSeconds) {
      until = Math.min(until ?? from, from);
      continue;
    }
    const waited = (nowSeconds - oldestFree) / periodSeconds;
    if (best === undefined || waited > best.waited) best = { route, waited };
  }
  return best === undefined ? { do: "wait", until } : { do: "take", route: best.route };
}

/** When the slice after one with `subjects` of `total` may be taken. */
export function nextAllowed(periodSeconds: number, subjects: number, total: number, nowSeconds: number): number {
  return nowSeconds + (periodSeconds * ROUND * subjects) / Math.max(1, total, subjects);
}

/** A route whose oldest page wasn't verified within its period. */
export interface LateRoute {
  readonly route: string;
  readonly periodSeconds: number;
  /** How long ago its oldest page was verified. */
  readonly ageSeconds: number;
}

/** Routes that are behind by more than a tick, the latest in proportion first. */
export function lateRoutes(
  routes: readonly PacedRoute[],
  nowSeconds: number,
  tickSeconds: number,
): readonly LateRoute[] {
  return routes
    .flatMap(({ route, periodSeconds, slices }) => {
      const ageSeconds = nowSeconds - Math.min(nowSeconds, slices.oldest);
      return ageSeconds > periodSeconds + tickSeconds ? [{ route, periodSeconds, ageSeconds }] : [];
    })
    .toSorted((left, right) => right.ageSeconds / right.periodSeconds - left.ageSeconds / left.periodSeconds);
}
