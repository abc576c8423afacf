import type {
  DeadLetter,
  DeadLetterPage,
  Lane,
  LaneDepth,
  OutgoingMessage,
  Queue,
  QueuedMessage,
  Receipt,
  ReceiptResult,
  Received,
  ReceiveOptions,
  SendResult,
  Sleep,
} from "./queue.ts";

/**
 * Messages that somebody else has received, as a queue that has these and no others. What is done with them is done in the queue that
 * they came from; what is sent goes there too, and comes to others.
 */
export class EventQueue implements Queue {
  readonly #queue: Queue;
  readonly #sleep: Sleep;
  readonly #waiting: Record<Lane, Received[]> = { live: [], bulk: [] };
  /** Ids of messages that were handed out and not settled. */
  readonly #held: Record<Lane, Set<string>> = { live: new Set(), bulk: new Set() };
  readonly #open: Set<string>;

  constructor(queue: Queue, messages: readonly Received[], sleep: Sleep) {
    this.#queue = queue;
    this.#sleep = sleep;
    this.#open = new Set(messages.map(({ id }) => id));
    for (const message of messages) this.#waiting[message.lane].push(message);
  }

  /** Ids of messages that were neither acked nor discarded: they must come again. */
  get left(): readonly string[] {
    return [...this.#open];
  }

  get billedRequests(): number {
    return this.#queue.billedRequests;
  }

  send(lane: Lane, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    return this.#queue.send(lane, messages);
  }

  async receive(lane: Lane, { max, waitMs = 0, signal }: ReceiveOptions): Promise<readonly Received[]> {
    const received = this.#waiting[lane].splice(0, max);
    for (const { id } of received) this.#held[lane].add(id);
    // Nothing else will come, but whoever waits has other work meanwhile.
    if (received.length === 0 && waitMs > 0) await this.#sleep(waitMs, signal);
    return received;
  }

  async ack(receipts: readonly Receipt[]): Promise<readonly ReceiptResult[]> {
    const results = await this.#queue.ack(receipts);
    for (const [place, { lane, id }] of receipts.entries()) {
      if (results[place]?.kind !== "done") continue;
      this.#open.delete(id);
      this.#held[lane].delete(id);
    }
    return results;
  }

  release(receipts: readonly Receipt[], delaySeconds: number): Promise<readonly ReceiptResult[]> {
    for (const { lane, id } of receipts) this.#held[lane].delete(id);
    return this.#queue.release(receipts, delaySeconds);
  }

  extend(receipts: readonly Receipt[], visibilitySeconds: number): Promise<readonly ReceiptResult[]> {
    return this.#queue.extend(receipts, visibilitySeconds);
  }

  async discard(message: Received, reason: string): Promise<ReceiptResult> {
    const result = await this.#queue.discard(message, reason);
    this.#held[message.lane].delete(message.id);
    if (result.kind === "done") this.#open.delete(message.id);
    return result;
  }

  /** Of its own messages: what others have to do isn't its work. */
  async depth(): Promise<Readonly<Record<Lane, LaneDepth>>> {
    const of = (lane: Lane): LaneDepth => ({
      waiting: this.#waiting[lane].length,
      delayed: 0,
      inFlight: this.#held[lane].size,
      dead: 0,
      oldestAgeSeconds: undefined,
    });
    return { live: of("live"), bulk: of("bulk") };
  }

  deadLetters(lane: Lane, page: DeadLetterPage): Promise<readonly DeadLetter[]> {
    return this.#queue.deadLetters(lane, page);
  }

  async peek(lane: Lane, limit: number): Promise<readonly QueuedMessage[]> {
    return this.#waiting[lane].slice(0, limit);
  }

  redrive(lane: Lane, which: readonly string[] | "all"): Promise<number> {
    return this.#queue.redrive(lane, which);
  }

  purge(lane: Lane, what: "messages" | "dead"): Promise<void> {
    return this.#queue.purge(lane, what);
  }

  [Symbol.dispose](): void {
    this.#queue[Symbol.dispose]();
  }
}
