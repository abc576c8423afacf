import type { PageOutcome } from "../core/outcome.ts";
import type { PageKey } from "../core/page.ts";
import { noDrift } from "../manifest/sweep-state.ts";
import type { Drift } from "../manifest/sweep-state.ts";
import { WorkTally } from "./work-tally.ts";

const DRIFTS_KEPT_MAX = 100;

/** What a sweep did. */
export class SweepTally {
  readonly pages = new WorkTally();
  slices = 0;
  /** Pages that were gone over, rendered or not. */
  swept = 0;
  /** Of them: verified by the source's versions alone. */
  proven = 0;
  /** Pages that fell due by the clock, and were pressed for that. */
  due = 0;
  /** Entities that had changed in a mirrored source without anybody telling of it. */
  found = 0;
  readonly drift = noDrift();
  /** The first of them. */
  readonly drifts: Drift[] = [];

  get driftCount(): number {
    return Object.values(this.drift).reduce((sum, count) => sum + count, 0);
  }

  add(outcomes: readonly PageOutcome[]): void {
    this.pages.add(outcomes);
  }

  addDrifts(drifts: readonly Drift[]): void {
    for (const drift of drifts) {
      this.drift[drift.cause]++;
      if (this.drifts.length < DRIFTS_KEPT_MAX) this.drifts.push(drift);
    }
  }

  get failed(): ReadonlyMap<PageKey, string> {
    return this.pages.errors;
  }
}
