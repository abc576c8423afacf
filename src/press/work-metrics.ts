import type { PageOutcome } from "../core/outcome.ts";
import type { DriftCause } from "../manifest/sweep-state.ts";

/** What a worker counts and times, for whoever watches it. Each call is cheap, and none throws. */
export interface WorkMetrics {
  /** How pages ended. */
  pages(outcomes: readonly PageOutcome[]): void;
  /** Seconds from when a change was told until all of its pages are in place that were pressed at once. */
  latency(seconds: number): void;
  /** Milliseconds that threads spent on rendering, those of a batch together. */
  renderMs(ms: number): void;
  /** A page that failed will be tried again. */
  retry(): void;
  /** A page whose bytes weren't what they should be, though no event was pending. */
  drift(cause: DriftCause): void;
}

/** For a worker that nobody watches. */
export const NO_METRICS: WorkMetrics = {
  pages: () => undefined,
  latency: () => undefined,
  renderMs: () => undefined,
  retry: () => undefined,
  drift: () => undefined,
};
