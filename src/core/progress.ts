import type { PageOutcome } from "./outcome.ts";

/** Told what long work is doing. Calls are cheap and come often. */
export interface Progress {
  /** A new stretch of work begins. */
  phase(name: string): void;
  /** So many pages more will be pressed, by what is known now. */
  expect(pages: number): void;
  /** So many records of the source have been read. */
  records(count: number): void;
  outcomes(outcomes: readonly PageOutcome[]): void;
}
