import type { Clock } from "../core/clock.ts";
import { CircuitBreaker } from "../core/circuit-breaker.ts";
import { messageOf, RekilnError } from "../core/errors.ts";
import type { RelayReport } from "./publish.ts";

/** A marker that is noted again within this time is one outage: nothing is gone over before it is over for so long. */
const QUIET_MS = 600_000;

/**
 * How changes get from whoever tells of them to the queue:
 *
 * - `ok`: the queue takes them.
 * - `spool`: it doesn't; they wait in the outbox, those of one entity as one.
 * - `interval`: the outbox couldn't be written: that something changed is marked, not what.
 * - `replay`: both can be used again, and what waits is sent, or what was marked is looked for.
 */
export type PublisherState = "ok" | "spool" | "interval" | "replay";

/** That changes were told of and could be stored nowhere, since when and until when (milliseconds since 1970). */
export interface Outage {
  readonly since: number;
  readonly until: number;
}

/** Where an outage is marked: as durable as the outbox, and not in the same file. */
export interface OutageMarker {
  read(): Outage | undefined;
  /** When it returns, the marker is on the disk. @throws when it can't be written */
  write(outage: Outage): void;
  /** Lays aside what is marked, whichever process did: it is still read, and what is marked from now on stands beside it. */
  take(): void;
  /** Removes what this process has taken. */
  clear(): void;
}

export interface PublisherContext {
  readonly marker: OutageMarker;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Sends what waits in the outbox. */
  readonly relay: () => Promise<RelayReport>;
  /** Finds what changed while nothing could be stored, and puts it into the outbox; or asks for every page, where the source can't tell. */
  readonly recover: (outage: Outage) => Promise<void>;
}

/** The one state machine of publishing: what it says is durable is in the queue, in the outbox, or marked. */
export class Publisher {
  readonly #context: PublisherContext;
  readonly #breaker: CircuitBreaker;
  #state: PublisherState = "ok";

  constructor(context: PublisherContext) {
    this.#context = context;
    this.#breaker = new CircuitBreaker(context.clock, context.random);
  }

  get state(): PublisherState {
    return this.#state;
  }

  /**
   * Stores a change, and returns once it is durable. What can't be stored is marked.
   *
   * @param store puts the change into the outbox
   * @returns whether it was stored; else it is marked, and will be looked for
   * @throws RekilnError `publish-not-durable` when it can be neither; and what `store` throws because the change itself is wrong
   */
  async publish(store: () => Promise<void>): Promise<boolean> {
    try {
      await store();
      return true;
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#mark(error);
      return false;
    }
  }

  #mark(cause: unknown): void {
    const { marker, clock } = this.#context;
    const now = clock();
    try {
      marker.write({ since: Math.min(now, marker.read()?.since ?? now), until: now });
      this.#state = "interval";
    } catch (error) {
      throw new RekilnError({
        code: "publish-not-durable",
        message: `The change can be stored nowhere: ${messageOf(cause)}; and that can't be marked either: ${messageOf(error)}.`,
        disposition: "retry",
        hint: "Nothing was published. Make room on the disk, or mend its rights, and publish again.",
        cause,
      });
    }
  }

  /** Sends what waits, if it is worth a try, and looks for what was marked once that is over. @returns undefined when the queue isn't asked now */
  async step(): Promise<RelayReport | undefined> {
    await this.#recover();
    if (!this.#breaker.mayTry()) return undefined;
    const isBehind = this.#state !== "ok";
    if (isBehind) this.#state = "replay";
    const report = await this.#context.relay();
    if (report.error === undefined) {
      this.#breaker.succeeded();
      this.#state = this.#context.marker.read() === undefined ? "ok" : "interval";
    } else {
      this.#breaker.failed();
      this.#state = "spool";
    }
    return report;
  }

  async #recover(): Promise<void> {
    const { marker, clock, recover } = this.#context;
    const outage = marker.read();
    if (outage === undefined) return;
    const now = clock();
    // While it comes and goes, one pass at its end is enough. A clock that was ahead doesn't put that off.
    if (now - outage.until < QUIET_MS && outage.until <= now) return;
    // What is marked meanwhile is looked for once more.
    marker.take();
    await recover(outage);
    marker.clear();
  }
}

/** Whether something couldn't be stored that might have been elsewhere: a disk that is full, fails, or can't be written. */
function isOutage(error: unknown): boolean {
  if (error instanceof RekilnError) return error.code === "entities-busy";
  if (!(error instanceof Error)) return false;
  const sqlite = "errcode" in error ? Number(error.errcode) & 0xff : 0;
  const system = "code" in error ? String(error.code) : "";
  return (
    [5, 6, 8, 10, 11, 13, 14, 26].includes(sqlite) || ["ENOSPC", "EDQUOT", "EROFS", "EIO", "EACCES"].includes(system)
  );
}
