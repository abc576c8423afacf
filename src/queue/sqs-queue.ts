import { RekilnError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import { checkMessages, checkWhole, MAX_VISIBILITY_SECONDS, tidyReason } from "./check-arguments.ts";
import { LANES } from "./queue.ts";
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
import { SqsConnection } from "./sqs-connection.ts";
import type { SqsSettings } from "./sqs-connection.ts";
import { SqsLane } from "./sqs-lane.ts";

export interface SqsQueueSettings extends SqsSettings {
  /** Names of the lanes' queues, or their addresses. Their dead letters are where their redrive policies say. */
  readonly names: Readonly<Record<Lane, string>>;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/**
 * Two standard queues of Amazon SQS, or of a service that answers as it does, each with a dead-letter queue; `rekiln provision` makes them.
 *
 * What SQS doesn't know stays unknown: counts are approximate and late by seconds, ages aren't told, an ack with an old receipt
 * says `done`, what is released with a delay counts as in flight, and the order is any. `peek` and `deadLetters` receive and give back: a peek
 * counts as a receive. A lane can be purged once a minute.
 */
export class SqsQueue implements Queue {
  readonly #connection: SqsConnection;
  readonly #lanes: Readonly<Record<Lane, SqsLane>>;
  readonly #closed = new AbortController();

  constructor(settings: SqsQueueSettings) {
    const { names, clock, sleep } = settings;
    const connection = new SqsConnection(settings);
    this.#connection = connection;
    this.#lanes = {
      live: new SqsLane({ lane: "live", name: names.live, connection, clock, sleep }),
      bulk: new SqsLane({ lane: "bulk", name: names.bulk, connection, clock, sleep }),
    };
  }

  get billedRequests(): number {
    return this.#connection.requests;
  }

  async send(lane: Lane, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    checkMessages(messages);
    return this.#lane(lane).send(messages);
  }

  async receive(lane: Lane, options: ReceiveOptions): Promise<readonly Received[]> {
    checkWhole("The number of messages to receive", options.max, 1, Number.MAX_SAFE_INTEGER);
    checkWhole("The visibility timeout", options.visibilitySeconds, 1, MAX_VISIBILITY_SECONDS);
    return this.#lane(lane).receive(options, this.#closed.signal);
  }

  ack(receipts: readonly Receipt[]): Promise<readonly ReceiptResult[]> {
    return this.#settle(receipts, "delete");
  }

  async release(receipts: readonly Receipt[], delaySeconds: number): Promise<readonly ReceiptResult[]> {
    checkWhole("The delay", delaySeconds, 0, MAX_VISIBILITY_SECONDS);
    return this.#settle(receipts, { visibilitySeconds: delaySeconds });
  }

  async extend(receipts: readonly Receipt[], visibilitySeconds: number): Promise<readonly ReceiptResult[]> {
    checkWhole("The visibility timeout", visibilitySeconds, 1, MAX_VISIBILITY_SECONDS);
    return this.#settle(receipts, { visibilitySeconds });
  }

  async discard(message: Received, reason: string): Promise<ReceiptResult> {
    return this.#lane(message.lane).discard(message, tidyReason(reason));
  }

  async depth(): Promise<Readonly<Record<Lane, LaneDepth>>> {
    const [live, bulk] = await Promise.all([this.#lane("live").depth(), this.#lane("bulk").depth()]);
    return { live, bulk };
  }

  async deadLetters(lane: Lane, page: DeadLetterPage): Promise<readonly DeadLetter[]> {
    checkWhole("The limit", page.limit, 1, Number.MAX_SAFE_INTEGER);
    return this.#lane(lane).letters.list(page);
  }

  async peek(lane: Lane, limit: number): Promise<readonly QueuedMessage[]> {
    checkWhole("The limit", limit, 1, Number.MAX_SAFE_INTEGER);
    return this.#lane(lane).peek(limit);
  }

  async redrive(lane: Lane, which: readonly string[] | "all"): Promise<number> {
    const { letters } = this.#lane(lane);
    return which === "all" ? letters.redriveAll() : letters.redrive(which);
  }

  async purge(lane: Lane, what: "messages" | "dead"): Promise<void> {
    await this.#lane(lane).purge(what);
  }

  /** Ends every wait, with nothing received. Polls under way are let come to their end, and what they bring is given back. */
  [Symbol.dispose](): void {
    this.#closed.abort();
    this.#connection.close();
  }

  #lane(lane: Lane): SqsLane {
    if (!this.#closed.signal.aborted) return this.#lanes[lane];
    throw new RekilnError({ code: "queue-closed", message: "The queue is closed.", disposition: "fatal" });
  }

  /** Results stand in the order of the receipts, whichever lanes these are of. */
  async #settle(
    receipts: readonly Receipt[],
    how: { readonly visibilitySeconds: number } | "delete",
  ): Promise<readonly ReceiptResult[]> {
    const results: ReceiptResult[] = [];
    await Promise.all(
      LANES.map(async (lane) => {
        const places = [...receipts.keys()].filter((place) => receipts[place]?.lane === lane);
        if (places.length === 0) return;
        const settled = await this.#lane(lane).settle(
          places.map((place) => receipts[place]?.receipt ?? ""),
          how,
        );
        for (const [index, result] of settled.entries()) results[places[index] ?? 0] = result;
      }),
    );
    return results;
  }
}
