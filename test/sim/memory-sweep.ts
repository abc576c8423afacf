import type { PageKey } from "../../src/core/page.ts";
import { CLOCK_AHEAD_MAX_SECONDS, noDrift } from "../../src/manifest/sweep-state.ts";
import type { Drift, DriftCause, RouteSweep, SweepSlice, SweepState } from "../../src/manifest/sweep-state.ts";
import type { Undo } from "./undo.ts";

const isFree = ({ leaseUntil }: SweepSlice, now: number): boolean =>
  leaseUntil <= now || leaseUntil > now + CLOCK_AHEAD_MAX_SECONDS;
const sweptOf = ({ swept }: SweepSlice, now: number): number => (swept > now + CLOCK_AHEAD_MAX_SECONDS ? 0 : swept);

/** How far sweeps have come, in memory. */
export class MemorySweep implements SweepState {
  readonly #undo: Undo;
  readonly #slices = new Map<number, SweepSlice>();
  readonly #drifts = new Map<number, Drift>();
  #lastId = 0;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  sweeps(now: number): readonly RouteSweep[] {
    const groups = Map.groupBy(this.#slices.values(), ({ route }) => route);
    return [...groups].map(([route, slices]) => {
      const free = slices.filter((slice) => isFree(slice, now)).map((slice) => sweptOf(slice, now));
      return {
        route,
        slices: slices.length,
        oldest: Math.min(...slices.map((slice) => sweptOf(slice, now))),
        oldestFree: free.length === 0 ? undefined : Math.min(...free),
      };
    });
  }

  oldestFree(route: string, now: number): SweepSlice | undefined {
    return this.#of(route)
      .filter((slice) => isFree(slice, now))
      .toSorted((left, right) => sweptOf(left, now) - sweptOf(right, now) || left.id - right.id)[0];
  }

  slice(id: number): SweepSlice | undefined {
    return this.#slices.get(id);
  }

  addSlice(slice: Omit<SweepSlice, "id">): number {
    const id = ++this.#lastId;
    this.#undo.set(this.#slices, id, { id, ...slice });
    return id;
  }

  putSlice(slice: SweepSlice): void {
    this.#undo.set(this.#slices, slice.id, slice);
  }

  holdBack(at: number): void {
    for (const slice of this.#slices.values()) if (slice.swept > at) this.putSlice({ ...slice, swept: at });
  }

  removeSlices(route: string): void {
    for (const { id } of this.#of(route)) this.#undo.delete(this.#slices, id);
  }

  noteDrift(drift: Drift): void {
    this.#undo.set(this.#drifts, ++this.#lastId, drift);
  }

  drifts(since: number, limit: number): readonly Drift[] {
    return this.#newest(({ at }) => at >= since).slice(0, limit);
  }

  driftsOf(key: PageKey): readonly Drift[] {
    return this.#newest((drift) => drift.key === key);
  }

  driftCounts(since: number): Readonly<Record<DriftCause, number>> {
    const counts = noDrift();
    for (const { at, cause } of this.#drifts.values()) if (at >= since) counts[cause]++;
    return counts;
  }

  #of(route: string): readonly SweepSlice[] {
    return [...this.#slices.values()].filter((slice) => slice.route === route);
  }

  #newest(isWanted: (drift: Drift) => boolean): readonly Drift[] {
    return [...this.#drifts.values()].filter(isWanted).toReversed();
  }
}
