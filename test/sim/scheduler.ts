import { setImmediate } from "node:timers/promises";

import type { Sleep } from "../../src/queue/queue.ts";
import type { Chance } from "./chance.ts";

/** What is thrown where a killed process was in the midst of something synchronous. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/** Somebody who waits for their turn, or for a time. */
interface Waiting {
  readonly process: SimProcess;
  readonly label: string;
  /** In virtual milliseconds; they can go on from then on. */
  until: number;
  readonly goOn: () => void;
}

/** A promise of its own each time: one that all wait for would keep all that ever waited for it. */
const forever = (): Promise<never> => new Promise(() => undefined);

/** A process of the simulated machine. What it waits for ends when the scheduler says so, and never once it is killed. */
export class SimProcess {
  readonly name: string;
  readonly #scheduler: Scheduler;
  /** What ends its listening to signals. */
  readonly #listening = new Set<() => void>();
  isDead = false;
  /** Version of the source when it began. */
  startedAt = 0;
  /** It does nothing before: a long pause of its garbage collector, or a machine that sleeps. */
  frozenUntil = 0;

  constructor(scheduler: Scheduler, name: string) {
    this.#scheduler = scheduler;
    this.name = name;
  }

  die(): void {
    this.isDead = true;
    for (const end of this.#listening) end();
  }

  /**
   * Calls what waits for a signal with one that follows it until the process is dead. Node keeps a signal of `AbortSignal.any`, and
   * all that its listeners lead to, for as long as it has some: the dead never stop listening by themselves.
   */
  async listening<T>(signal: AbortSignal | undefined, wait: (following: AbortSignal) => Promise<T>): Promise<T> {
    const following = new AbortController();
    const abort = (): void => following.abort();
    const end = (): void => {
      this.#listening.delete(end);
      signal?.removeEventListener("abort", abort);
    };
    this.#listening.add(end);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
    try {
      return await wait(following.signal);
    } finally {
      end();
    }
  }

  /** Lets others go first. Whatever a process does at a port, it does right after one of these. */
  readonly turn = (label: string): Promise<void> => (this.isDead ? forever() : this.#scheduler.turn(this, label));

  readonly sleep: Sleep = (ms, signal) => {
    if (this.isDead) return forever();
    return this.#scheduler.sleep(this, ms, signal);
  };

  /** For what a process does without waiting: a dead one does nothing. */
  check(): void {
    if (this.isDead) throw new Killed(this.name);
  }
}

/**
 * Virtual time, and whose turn it is: at each step one of those who wait goes on, until it waits again. All is decided by a
 * seed, so that the same seed gives the same run.
 */
export class Scheduler {
  readonly #chance: Chance;
  readonly #onStep: (process: SimProcess, label: string) => void;
  #now = Date.UTC(2026, 0, 1);
  #waiting: Waiting[] = [];
  steps = 0;

  constructor(chance: Chance, onStep: (process: SimProcess, label: string) => void) {
    this.#chance = chance;
    this.#onStep = onStep;
  }

  readonly clock = (): number => this.#now;

  turn(process: SimProcess, label: string): Promise<void> {
    return new Promise((goOn) => this.#waiting.push({ process, label, until: 0, goOn }));
  }

  sleep(process: SimProcess, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.until = 0;
      };
      const goOn = (): void => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const waiting: Waiting = { process, label: "sleep", until: this.#now + Math.max(0, ms), goOn };
      this.#waiting.push(waiting);
      if (signal?.aborted === true) wake();
      else signal?.addEventListener("abort", wake);
    });
  }

  /** Time passes, though nobody does anything. */
  pass(ms: number): void {
    this.#now += ms;
  }

  kill(process: SimProcess): void {
    process.die();
    this.#waiting = this.#waiting.filter((waiting) => waiting.process !== process);
  }

  /** Lets what is going on go on until `isDone`, asked before each step. @returns whether it was, within `stepsMax` steps */
  async run(isDone: () => boolean, stepsMax: number): Promise<boolean> {
    // What has just begun comes to where it waits.
    await setImmediate();
    for (let left = stepsMax; left > 0; left--) {
      if (isDone()) return true;
      // Nobody does anything: time passes until somebody is started.
      if (!this.#step()) this.pass(100);
      await setImmediate();
    }
    return false;
  }

  /** @returns false when nobody waits for anything */
  #step(): boolean {
    const ready: number[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [place, { process, until }] of this.#waiting.entries()) {
      const from = Math.max(until, process.frozenUntil);
      if (from <= this.#now) ready.push(place);
      else if (from < next) next = from;
    }
    if (ready.length === 0 || (next < Number.POSITIVE_INFINITY && this.#chance.happens(0.01))) {
      if (next === Number.POSITIVE_INFINITY) return false;
      this.#now = next;
      return this.#step();
    }
    this.#now += this.#chance.below(4);
    const place = ready[this.#chance.below(ready.length)] ?? 0;
    const chosen = this.#waiting[place];
    const last = this.#waiting.pop();
    if (chosen === undefined || last === undefined) return false;
    if (chosen !== last) this.#waiting[place] = last;
    this.steps++;
    this.#onStep(chosen.process, chosen.label);
    if (!chosen.process.isDead) chosen.goOn();
    return true;
  }
}
