import type { Queue, Receipt, Received, Sleep } from "../queue/queue.ts";

/** How long nobody else gets a message; it is held anew every third of it. */
export const VISIBILITY_SECONDS = 60;

/** The messages that a worker has received and not yet answered: their visibility is extended while it works on them. */
export class HeldMessages {
  readonly #queue: Queue;
  readonly #sleep: Sleep;
  readonly #held = new Map<string, Receipt>();

  constructor(queue: Queue, sleep: Sleep) {
    this.#queue = queue;
    this.#sleep = sleep;
  }

  add(messages: readonly Received[]): void {
    for (const { lane, id, receipt } of messages) this.#held.set(nameOf(lane, id, receipt), { lane, id, receipt });
  }

  /** Removes messages from the queue: what they asked for is done, or stands in other messages. */
  async ack(messages: readonly Receipt[]): Promise<void> {
    // One that fails, or was lost, comes once more: doing it again does no harm.
    if (messages.length > 0) await this.#queue.ack(messages);
    this.#forget(messages);
  }

  async release(messages: readonly Receipt[], delaySeconds: number): Promise<void> {
    if (messages.length > 0) await this.#queue.release(messages, delaySeconds);
    this.#forget(messages);
  }

  async discard(message: Received, reason: string): Promise<void> {
    await this.#queue.discard(message, reason);
    this.#forget([message]);
  }

  /** Gives those of some messages back that weren't answered. */
  async giveBack(messages: readonly Receipt[], delaySeconds: number): Promise<void> {
    await this.release(this.among(messages), delaySeconds);
  }

  /** Those of some messages that weren't answered. */
  among<M extends Receipt>(messages: readonly M[]): readonly M[] {
    return messages.filter(({ lane, id, receipt }) => this.#held.has(nameOf(lane, id, receipt)));
  }

  /** Gives everything back that wasn't answered. */
  async releaseAll(): Promise<number> {
    const held = [...this.#held.values()];
    await this.release(held, 0);
    return held.length;
  }

  /** Extends what is held until the signal is aborted. */
  async beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#sleep((VISIBILITY_SECONDS * 1000) / 3, signal);
      const held = [...this.#held.values()];
      if (signal.aborted || held.length === 0) continue;
      const results = await this.#queue.extend(held, VISIBILITY_SECONDS);
      for (const [place, { kind }] of results.entries()) {
        const receipt = held[place];
        if (kind !== "stale" || receipt === undefined) continue;
        // Somebody else may be at work on it: doing it twice does no harm.
        this.#forget([receipt]);
      }
    }
  }

  #forget(messages: readonly Receipt[]): void {
    for (const { lane, id, receipt } of messages) this.#held.delete(nameOf(lane, id, receipt));
  }
}

const nameOf = (lane: string, id: string, receipt: string): string => `${lane} ${id} ${receipt}`;
