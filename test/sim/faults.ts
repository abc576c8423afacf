import type { Chance } from "./chance.ts";

/** What goes wrong in one run, and how often. Each run has another mix: some faults show only where others don't happen. */
export interface Faults {
  /** At each step. */
  readonly kill: number;
  /** At each commit of the manifest, each rename, each send: the process dies there. */
  readonly killWithin: number;
  /** A process pauses for longer than it may. */
  readonly freeze: number;
  /** Others do something while it is slow. */
  readonly slow: number;
  /** Of each message that is sent. */
  readonly duplicate: number;
  readonly delay: number;
  /** Of each call of the queue: it isn't done, or it is and says that it wasn't. */
  readonly queueError: number;
  /** Of each message that is acked: it comes once more all the same. */
  readonly forgetAck: number;
  /** Of each message that is sent; then only a build can help. */
  readonly lose: number;
  /** Of each render by a worker: it fails, and wouldn't another time. */
  readonly flaky: number;
  /** Of each write, rename and removal of a file, and of each transaction of the manifest: no space, a busy file, a disk that fails. */
  readonly diskError: number;
  /** Of each snapshot: the source can't be reached. */
  readonly sourceError: number;
  /** Most pages that a build, or drains of an hour, may remove. */
  readonly maxDeletes: number | undefined;
  /** At each turn of the editor. */
  readonly build: number;
  readonly release: number;
  /** Somebody asks for pages to be rendered again. */
  readonly rebuild: number;
  readonly loseManifest: number;
  readonly loseRecord: number;
  readonly powerFailure: number;
  readonly restore: number;
  readonly poison: number;
  /** Of each put to a store of objects: it lands later than whoever sent it waits, or dies. */
  readonly putLate: number;
  /** It is done, and nobody hears of it. */
  readonly putUnanswered: number;
  /** The store doesn't take it: 503. */
  readonly putRefused: number;
  /** Largest difference of a process's clock, in milliseconds. */
  readonly clockMs: number;
  readonly workers: number;
  readonly threads: number;
  readonly edits: number;
  /** Edits follow one another within so many milliseconds. */
  readonly editPauseMs: number;
  /** Snapshots of workers are those of so many milliseconds ago. */
  readonly lagMs: number;
}

type ObjectFaults = Pick<Faults, "putLate" | "putUnanswered" | "putRefused">;

const often = (chance: Chance, probability: number, rate: number): number =>
  chance.happens(probability) ? rate * chance.number() : 0;

export function objectFaultsOf(chance: Chance): ObjectFaults {
  return {
    putLate: often(chance, 0.5, 0.2),
    putUnanswered: often(chance, 0.5, 0.2),
    putRefused: often(chance, 0.3, 0.05),
  };
}

export function faultsOf(chance: Chance): Omit<Faults, keyof ObjectFaults> {
  return {
    kill: often(chance, 0.5, 0.01),
    killWithin: often(chance, 0.4, 0.03),
    freeze: often(chance, 0.4, 0.005),
    slow: often(chance, 0.7, 0.1),
    duplicate: often(chance, 0.3, 0.4),
    delay: often(chance, 0.4, 0.5),
    queueError: often(chance, 0.25, 0.05),
    forgetAck: often(chance, 0.25, 0.2),
    lose: often(chance, 0.05, 0.5),
    flaky: often(chance, 0.15, 0.1),
    diskError: often(chance, 0.15, 0.03),
    sourceError: often(chance, 0.1, 0.1),
    maxDeletes: chance.happens(0.1) ? chance.between(0, 2) : undefined,
    build: often(chance, 0.4, 0.25),
    release: often(chance, 0.35, 0.5),
    rebuild: often(chance, 0.2, 0.3),
    loseManifest: often(chance, 0.05, 0.2),
    loseRecord: often(chance, 0.04, 0.2),
    powerFailure: often(chance, 0.05, 0.2),
    restore: often(chance, 0.04, 0.2),
    poison: often(chance, 0.1, 0.2),
    clockMs: chance.happens(0.2) ? 600_000 : 0,
    workers: chance.pick([1, 2, 2, 3, 3]),
    threads: chance.between(1, 2),
    edits: chance.between(4, 16),
    editPauseMs: chance.pick([5, 20, 50, 100, 1000, 20_000]),
    lagMs: chance.happens(0.25) ? 300 : 0,
  };
}

export const NO_FAULTS: Pick<
  Faults,
  | "kill"
  | "killWithin"
  | "freeze"
  | "slow"
  | "duplicate"
  | "delay"
  | "queueError"
  | "forgetAck"
  | "lose"
  | "flaky"
  | "diskError"
  | "sourceError"
  | "putLate"
  | "putUnanswered"
  | "putRefused"
> = {
  kill: 0,
  killWithin: 0,
  freeze: 0,
  slow: 0,
  duplicate: 0,
  delay: 0,
  queueError: 0,
  forgetAck: 0,
  lose: 0,
  flaky: 0,
  diskError: 0,
  sourceError: 0,
  putLate: 0,
  putUnanswered: 0,
  putRefused: 0,
};
