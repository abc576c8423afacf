import { isPassing } from "../core/passing-error.ts";
import type { Standing } from "./work-context.ts";

export interface SettleAtLast {
  readonly settle: () => Promise<void>;
  readonly standing: () => Standing;
  readonly stop: AbortSignal;
  /** Waits, longer each time, and says why. */
  readonly pause: (error: Error) => Promise<void>;
}

/**
 * Brings up to date what follows the pages, at the end of a run: as soon as that can be done. One that was replaced leaves it to whoever comes
 * after it.
 */
export async function settleAtLast({ settle, standing, stop, pause }: SettleAtLast): Promise<void> {
  while (standing().kind === "current") {
    try {
      return await settle();
    } catch (error) {
      if (!isPassing(error) || stop.aborted) throw error;
      await pause(error);
    }
  }
}
