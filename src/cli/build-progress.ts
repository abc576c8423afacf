import type { Clock } from "../core/clock.ts";
import type { PageOutcome } from "../core/outcome.ts";
import type { Progress } from "../core/progress.ts";
import { count } from "./count.ts";

const TERMINAL_MS = 100;
const LINES_MS = 3000;
/** Below this many pages, or in the first second, a rate says nothing. */
const RATE_FROM_MS = 1000;
const RATE_FROM_PAGES = 500;

const PHASES: Readonly<Record<string, string>> = {
  config: "reading the config",
  source: "reading the source",
  changes: "looking up what changed",
  paths: "looking at all paths",
  sample: "rendering a sample twice",
  missing: "looking for missing files",
  pages: "pressing pages",
  indexes: "indexing dependencies",
  removals: "removing pages",
  strays: "looking for pages that a killed process left",
};

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.ceil(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Shows how far a build is: one line that is rewritten on a terminal, elsewhere a plain line every few seconds. */
export class BuildProgress implements Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #clock: Clock;
  readonly #isTerminal: boolean;
  #phase = "";
  #phaseSince: number;
  #shownAt: number;
  #expected = 0;
  #done = 0;
  #unchanged = 0;
  #failed = 0;
  #records = 0;

  constructor(out: NodeJS.WriteStream, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
    this.#isTerminal = out.isTTY;
    this.#phaseSince = clock();
    this.#shownAt = clock();
  }

  phase(name: string): void {
    if (name === this.#phase) return;
    this.#phase = name;
    if (this.#done === 0) this.#phaseSince = this.#clock();
    this.#show(this.#isTerminal);
  }

  expect(pages: number): void {
    this.#expected += pages;
  }

  records(total: number): void {
    this.#records = total;
    this.#show(false);
  }

  outcomes(outcomes: readonly PageOutcome[]): void {
    for (const { kind } of outcomes) {
      this.#done++;
      if (kind === "unchanged") this.#unchanged++;
      if (kind === "failed") this.#failed++;
    }
    this.#show(false);
  }

  /** Clears the line, so that something else can be written. */
  end(): void {
    if (this.#isTerminal) this.#out.write("\r\u001B[K");
  }

  #show(isForced: boolean): void {
    const now = this.#clock();
    if (!isForced && now - this.#shownAt < (this.#isTerminal ? TERMINAL_MS : LINES_MS)) return;
    this.#shownAt = now;
    const line = this.#line(now);
    if (this.#isTerminal) this.#out.write(`\r\u001B[K${line.slice(0, Math.max(20, this.#out.columns - 1))}`);
    else this.#out.write(`${line}\n`);
  }

  #line(now: number): string {
    const phase = PHASES[this.#phase] ?? this.#phase;
    if (this.#phase === "source" && this.#records > 0) return `${phase}: ${count(this.#records)} records`;
    if (this.#done === 0) return `${phase} …`;
    const elapsed = now - this.#phaseSince;
    const expected = Math.max(this.#expected, this.#done);
    const parts = [`${phase}: ${count(this.#done)} of ${count(expected)}`];
    if (elapsed >= RATE_FROM_MS && this.#done >= RATE_FROM_PAGES) {
      const rate = (this.#done / elapsed) * 1000;
      parts.push(`${count(Math.round(rate))} a second`);
      if (expected > this.#done) parts.push(`${duration((expected - this.#done) / rate)} to go`);
    }
    parts.push(`${count(this.#unchanged)} unchanged`, `${count(this.#failed)} failed`);
    return parts.join(", ");
  }
}
