import type { Clock } from "../core/clock.ts";
import type { Received, Sleep } from "../queue/queue.ts";

/** What is done meanwhile shares one sync, which costs about the same for one page and for ten thousand. */
const PAUSE_MS = 1000;

interface DurableAcksContext {
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Resolves when all that was stored before it was called outlives a power failure. */
  readonly sync: () => Promise<void>;
  readonly ack: (messages: readonly Received[]) => Promise<void>;
  /** Told why messages weren't acked: they come again. */
  readonly onFailure: (error: unknown, messages: readonly Received[]) => Promise<void>;
}

/**
 * Acks messages once what was done for them is durable: pages, their folders, the manifest. Nobody waits for it, so that pages are pressed
 * while earlier ones go to the disk; the first one after a pause is synced at once.
 */
export class DurableAcks {
  readonly #context: DurableAcksContext;
  #waiting: Received[] = [];
  #running: Promise<void> | undefined;
  #hurry = new AbortController();
  #syncedAt = Number.NEGATIVE_INFINITY;

  constructor(context: DurableAcksContext) {
    this.#context = context;
  }

  /** Acks messages whose work is done and stored, later. */
  add(messages: readonly Received[]): void {
    this.#waiting.push(...messages);
    this.#running ??= this.#run();
  }

  /** Acks what waits, without a pause. */
  async finish(): Promise<void> {
    this.#hurry.abort();
    await this.#running;
    this.#hurry = new AbortController();
  }

  async #run(): Promise<void> {
    const { clock, sleep, sync, ack, onFailure } = this.#context;
    while (this.#waiting.length > 0) {
      const pause = this.#syncedAt + PAUSE_MS - clock();
      // Longer is only a clock that was set back.
      if (pause > 0) await sleep(Math.min(pause, PAUSE_MS), this.#hurry.signal);
      const messages = this.#waiting;
      this.#waiting = [];
      try {
        await sync();
        await ack(messages);
      } catch (error) {
        await onFailure(error, messages);
      }
      this.#syncedAt = clock();
    }
    this.#running = undefined;
  }
}
