import type { Sleep } from "./queue.ts";

/** Those in this process who wait for the next message of a lane. */
export class Waiters {
  readonly #sleep: Sleep;
  readonly #wakes = new Set<() => void>();

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** Waits for `ms`, for `wake`, or for the signal: whichever comes first. */
  async wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    this.#wakes.add(wake);
    signal?.addEventListener("abort", wake);
    try {
      await this.#sleep(ms, woken.signal);
    } finally {
      this.#wakes.delete(wake);
      signal?.removeEventListener("abort", wake);
    }
  }

  wake(): void {
    for (const wake of this.#wakes) wake();
  }
}
