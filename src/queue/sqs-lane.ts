import { RekilnError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type {
  Lane,
  LaneDepth,
  OutgoingMessage,
  QueuedMessage,
  ReceiptResult,
  Received,
  ReceiveOptions,
  SendResult,
  Sleep,
} from "./queue.ts";
import { SqsAddress } from "./sqs-address.ts";
import { sendEntries } from "./sqs-batch.ts";
import type { EntryOutcome } from "./sqs-batch.ts";
import type { SqsConnection } from "./sqs-connection.ts";
import { SqsLetters } from "./sqs-letters.ts";
import { obituaryOf, receivedOf, SYSTEM_ATTRIBUTES } from "./sqs-messages.ts";

export interface SqsLaneSettings {
  readonly lane: Lane;
  readonly connection: SqsConnection;
  /** Of the queue, or its address. */
  readonly name: string;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

const RECEIVE_MAX = 10;
const POLL_SECONDS_MAX = 20;
/** Polls side by side, for those who take hundreds at once. */
const POLLS_MAX = 8;
/** A message that is discarded is held for so long meanwhile. */
const DISCARD_SECONDS = 60;
/** A wait isn't drawn out for less than this. */
const WAIT_LEAST_MS = 20;

/** One lane in SQS. */
export class SqsLane {
  readonly letters: SqsLetters;
  readonly #settings: SqsLaneSettings;
  readonly #address: SqsAddress;

  constructor(settings: SqsLaneSettings) {
    this.#settings = settings;
    this.#address = new SqsAddress(settings.connection, settings.name);
    this.letters = new SqsLetters({ ...settings, address: this.#address });
  }

  async send(messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    const { connection, sleep } = this.#settings;
    const QueueUrl = await this.#address.url();
    const entries = messages.map(({ body, delaySeconds = 0 }) => ({ MessageBody: body, DelaySeconds: delaySeconds }));
    const outcomes = await sendEntries(entries, {
      what: this.#address.what,
      sleep,
      bytesOf: ({ MessageBody }) => Buffer.byteLength(MessageBody),
      send: (Entries) => connection.call((client) => client.sendMessageBatch({ QueueUrl, Entries: [...Entries] })),
    });
    return outcomes.map((outcome): SendResult => {
      if (outcome.kind === "done") return { kind: "sent", id: outcome.id };
      return { kind: "failed", error: outcome.kind === "failed" ? outcome.error : this.#refused(outcome) };
    });
  }

  /** `closed`: ends every wait, as the options' own signal does. */
  async receive(
    { max, visibilitySeconds, waitMs = 0, signal }: ReceiveOptions,
    closed: AbortSignal,
  ): Promise<readonly Received[]> {
    const { clock, sleep } = this.#settings;
    const ended = signal === undefined ? closed : AbortSignal.any([closed, signal]);
    const endsAt = clock() + waitMs;
    for (let leftMs = waitMs; !ended.aborted; leftMs = endsAt - clock()) {
      const waitSeconds = Math.min(POLL_SECONDS_MAX, Math.floor(Math.max(0, leftMs) / 1000));
      const received = await this.#pollUntil(ended, Math.min(max, RECEIVE_MAX), visibilitySeconds, waitSeconds);
      if (received.length === RECEIVE_MAX && max > RECEIVE_MAX) {
        return [...received, ...(await this.#pollMore(max - RECEIVE_MAX, visibilitySeconds))];
      }
      if (received.length > 0 || endsAt - clock() < WAIT_LEAST_MS) return received;
      if (waitSeconds === 0) await sleep(leftMs, ended);
    }
    return [];
  }

  async settle(
    receipts: readonly string[],
    how: { readonly visibilitySeconds: number } | "delete",
  ): Promise<readonly ReceiptResult[]> {
    const { connection, sleep } = this.#settings;
    const QueueUrl = await this.#address.url();
    const call = { what: this.#address.what, sleep };
    const outcomes =
      how === "delete"
        ? await sendEntries(
            receipts.map((ReceiptHandle) => ({ ReceiptHandle })),
            {
              ...call,
              send: (Entries) =>
                connection.call((client) => client.deleteMessageBatch({ QueueUrl, Entries: [...Entries] })),
            },
          )
        : await sendEntries(
            receipts.map((ReceiptHandle) => ({ ReceiptHandle, VisibilityTimeout: how.visibilitySeconds })),
            {
              ...call,
              send: (Entries) =>
                connection.call((client) => client.changeMessageVisibilityBatch({ QueueUrl, Entries: [...Entries] })),
            },
          );
    return outcomes.map((outcome): ReceiptResult => {
      if (outcome.kind === "done") return { kind: "done" };
      return outcome.kind === "refused" ? { kind: "stale" } : { kind: "failed", error: outcome.error };
    });
  }

  /** A letter of its own is sent first: killed in between, the message comes once more. */
  async discard(message: Received, reason: string): Promise<ReceiptResult> {
    const { connection, clock } = this.#settings;
    // Also tells whether the message is still held by this receipt.
    const [held] = await this.settle([message.receipt], { visibilitySeconds: DISCARD_SECONDS });
    if (held === undefined || held.kind !== "done") return held ?? { kind: "stale" };
    const dead = await this.#address.dead();
    try {
      await connection.ask(this.#address.what, (client) =>
        client.sendMessage({
          QueueUrl: dead.url,
          MessageBody: message.body,
          MessageAttributes: obituaryOf(message, reason, clock()),
        }),
      );
    } catch (error) {
      if (error instanceof RekilnError) return { kind: "failed", error };
      throw error;
    }
    const [deleted] = await this.settle([message.receipt], "delete");
    return deleted ?? { kind: "stale" };
  }

  async depth(): Promise<LaneDepth> {
    const [attributes, dead] = await Promise.all([this.#address.attributes(), this.#deadCount()]);
    const count = (name: string): number => Number(attributes[`ApproximateNumberOfMessages${name}`] ?? 0);
    return {
      waiting: count(""),
      delayed: count("Delayed"),
      inFlight: count("NotVisible"),
      dead,
      oldestAgeSeconds: undefined,
    };
  }

  /** Receives, and holds nothing; but the service counts it as a receive. */
  async peek(limit: number): Promise<readonly QueuedMessage[]> {
    const found = new Map<string, QueuedMessage>();
    for (let last = -1; found.size > last && found.size < limit;) {
      last = found.size;
      for (const { lane, id, body, receives, sentAt } of await this.#poll(RECEIVE_MAX, 0, 0)) {
        if (found.size < limit) found.set(id, { lane, id, body, receives: receives - 1, sentAt });
      }
    }
    return [...found.values()];
  }

  async purge(what: "messages" | "dead"): Promise<void> {
    const QueueUrl = what === "messages" ? await this.#address.url() : (await this.#address.dead()).url;
    await this.#settings.connection.ask(this.#address.what, (client) => client.purgeQueue({ QueueUrl }));
  }

  async #poll(max: number, visibilitySeconds: number, waitSeconds: number): Promise<readonly Received[]> {
    const { connection, lane } = this.#settings;
    const QueueUrl = await this.#address.url();
    const { Messages = [] } = await connection.ask(this.#address.what, (client) =>
      client.receiveMessage({
        QueueUrl,
        MaxNumberOfMessages: max,
        VisibilityTimeout: visibilitySeconds,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: [...SYSTEM_ATTRIBUTES],
      }),
    );
    return Messages.flatMap((message) => receivedOf(lane, message) ?? []);
  }

  /**
   * A poll that ends with the signal, for whoever waits. The call itself goes on: ended, it could have taken messages that nobody
   * holds. What it still brings is given back.
   */
  async #pollUntil(
    ended: AbortSignal,
    max: number,
    visibilitySeconds: number,
    waitSeconds: number,
  ): Promise<readonly Received[]> {
    const polling = this.#poll(max, visibilitySeconds, waitSeconds);
    const { promise: aborted, resolve: abort } = Promise.withResolvers<undefined>();
    const onAbort = (): void => abort(undefined);
    ended.addEventListener("abort", onAbort, { once: true });
    try {
      const received = await Promise.race([polling, aborted]);
      if (received !== undefined) return received;
      void polling.then((late) => this.#giveBack(late)).catch(() => undefined);
      return [];
    } finally {
      ended.removeEventListener("abort", onAbort);
    }
  }

  async #giveBack(messages: readonly Received[]): Promise<void> {
    if (messages.length === 0) return;
    await this.settle(
      messages.map(({ receipt }) => receipt),
      { visibilitySeconds: 0 },
    );
  }

  /** What else is there now, by several polls at once. */
  async #pollMore(max: number, visibilitySeconds: number): Promise<readonly Received[]> {
    const received: Received[] = [];
    for (let isMore = true; isMore && received.length < max;) {
      const polls = Math.min(POLLS_MAX, Math.ceil((max - received.length) / RECEIVE_MAX));
      const sizes = Array.from({ length: polls }, (_, n) =>
        Math.min(RECEIVE_MAX, max - received.length - n * RECEIVE_MAX),
      );
      const answers = await Promise.allSettled(sizes.map((size) => this.#poll(size, visibilitySeconds, 0)));
      const came = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      received.push(...came);
      // What came is held: a poll that failed is the next receive's to tell of.
      isMore = came.length > 0 && answers.every(({ status }) => status === "fulfilled");
    }
    return received;
  }

  async #deadCount(): Promise<number> {
    const { url } = await this.#address.dead();
    const { Attributes = {} } = await this.#settings.connection.ask(this.#address.what, (client) =>
      client.getQueueAttributes({
        QueueUrl: url,
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      }),
    );
    return (
      Number(Attributes["ApproximateNumberOfMessages"] ?? 0) +
      Number(Attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0)
    );
  }

  #refused({ code, message }: EntryOutcome & { readonly kind: "refused" }): RekilnError {
    return new RekilnError({
      code: "queue-refused",
      message: `${this.#address.what} doesn't take a message: ${code} ${message}`,
      disposition: "discard",
      hint: "See what the service says about it.",
    });
  }
}
