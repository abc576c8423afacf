import { setImmediate } from "node:timers/promises";

import type { Clock } from "../../src/core/clock.ts";
import type { Sleep } from "../../src/queue/queue.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Time that passes only when a test says so. */
export class VirtualTime {
  #now = Date.UTC(2026, 0, 1);
  readonly #sleepers = new Set<Sleeper>();
  /** Lets everybody do what they do at this moment. */
  settle: () => Promise<void> = () => setImmediate();

  readonly clock: Clock = () => this.#now;

  readonly sleep: Sleep = (ms, signal) =>
    new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { until: this.#now + Math.max(0, ms), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake);
      if (signal?.aborted === true) wake();
    });

  /** How many sleep. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Sets the clock, as an operator would: nobody wakes. */
  step(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass: whoever sleeps wakes when it is time, and does what they do before it passes on. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (let next = this.#next(); next !== undefined && next.until <= end; next = this.#next()) {
      this.#now = Math.max(this.#now, next.until);
      next.wake();
      await this.settle();
    }
    this.#now = end;
  }

  #next(): Sleeper | undefined {
    return [...this.#sleepers].sort((left, right) => left.until - right.until)[0];
  }
}
