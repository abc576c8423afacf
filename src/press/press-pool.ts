import type { PageKey } from "../core/page.ts";
import type { PressOptions, Pressed } from "./press-pages.ts";

/** What a batch is pressed with; the pool adds what its threads know. */
export type BatchOptions = Omit<PressOptions, "signal">;

/** Threads that press pages side by side. */
export interface PressPool extends AsyncDisposable {
  readonly size: number;
  /**
   * Presses a batch on the next free thread.
   * @throws StuckPageError when a page took too long: the thread was ended, and nothing of the batch is known
   */
  press(keys: readonly PageKey[], options: BatchOptions): Promise<Pressed>;
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
