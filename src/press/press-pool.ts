import type { PageKey } from "../core/page.ts";
import type { PressOptions, Pressed } from "./press-pages.ts";

/** What a batch is pressed with; the pool adds what its threads know. */
export type BatchOptions = Omit<PressOptions, "signal">;

/** Threads that press pages side by side. */
export interface PressPool extends AsyncDisposable {
  readonly size: number;
  /**
   * Presses a batch on the next free thread. An urgent one comes before all that wait and aren't.
   * @throws StuckPageError when a page took too long: the thread was ended, and nothing of the batch is known
   */
  press(keys: readonly PageKey[], options: BatchOptions, isUrgent?: boolean): Promise<Pressed>;
}

/**
 * Presses a batch; a page that never ends is noted in `stuck` and fails, and the others are pressed again without it. `optionsOf` is asked anew
 * each time.
 */
export async function pressAround(
  pool: PressPool,
  keys: readonly PageKey[],
  stuck: Map<PageKey, string>,
  optionsOf: () => Omit<BatchOptions, "failures">,
  { onStuck, isUrgent }: { readonly onStuck?: () => void; readonly isUrgent?: boolean } = {},
): Promise<Pressed> {
  for (;;) {
    try {
      return await pool.press(keys, { ...optionsOf(), failures: stuck }, isUrgent);
    } catch (error) {
      if (!(error instanceof StuckPageError) || stuck.has(error.key)) throw error;
      stuck.set(error.key, error.message);
      onStuck?.();
    }
  }
}

/** A page that didn't end in time. The rest of its batch may be pressed again. */
export class StuckPageError extends Error {
  override readonly name = "StuckPageError";
  readonly key: PageKey;
  readonly reason: string;

  constructor(key: PageKey, reason: string) {
    super(`${key}: ${reason}`);
    this.key = key;
    this.reason = reason;
  }
}
