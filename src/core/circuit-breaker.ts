import type { Clock } from "./clock.ts";

const FAILURES_MAX = 5;
const PROBE_MS_MIN = 1000;
const PROBE_MS_MAX = 60_000;

/**
 * Keeps from asking what doesn't answer: after five failures in a row it is open, and lets one try through at a time, each after a longer pause, up
 * to a minute and with jitter.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #probeAt = 0;

  /** @param random from 0 to 1 */
  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  get isOpen(): boolean {
    return this.#failures >= FAILURES_MAX;
  }

  /** Whether to try now. A clock that was set back doesn't keep it open. */
  mayTry(): boolean {
    const now = this.#clock();
    return !this.isOpen || now >= this.#probeAt || this.#probeAt > now + PROBE_MS_MAX;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    const pause = Math.min(PROBE_MS_MIN * 2 ** Math.min(this.#failures - FAILURES_MAX, 6), PROBE_MS_MAX);
    this.#probeAt = this.#clock() + Math.max(PROBE_MS_MIN, pause * (0.5 + this.#random() / 2));
  }
}
