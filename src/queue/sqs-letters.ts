import type { Message } from "@aws-sdk/client-sqs";

import { RekilnError } from "../core/errors.ts";
import type { DeadLetter, DeadLetterPage, Lane, Sleep } from "./queue.ts";
import type { SqsAddress } from "./sqs-address.ts";
import { sendEntries } from "./sqs-batch.ts";
import type { SqsConnection } from "./sqs-connection.ts";
import { sqsCodeOf, sqsError } from "./sqs-error.ts";
import { deadLetterOf, LETTER_ATTRIBUTES, receivedOf, SYSTEM_ATTRIBUTES } from "./sqs-messages.ts";

/** Letters that are looked at together: SQS can only receive them, and hold them for a while. */
const LETTERS_MAX = 1000;
const HOLD_SECONDS = 60;
/** Short polls look at some of a queue's servers only. */
const EMPTY_POLLS = 3;
const MOVE_POLL_MS = 500;
/** Where the service's own move isn't there, or isn't allowed. */
const NO_MOVE = new Set([
  "UnsupportedOperation",
  "InvalidAction",
  "UnknownOperationException",
  "AccessDenied",
  "AccessDeniedException",
  "ResourceNotFoundException",
]);

interface HeldLetter {
  readonly letter: DeadLetter;
  readonly receipt: string;
}

export interface LetterSettings {
  readonly lane: Lane;
  readonly connection: SqsConnection;
  readonly address: SqsAddress;
  readonly sleep: Sleep;
}

/** The dead letters of a lane. */
export class SqsLetters {
  readonly #settings: LetterSettings;

  constructor(settings: LetterSettings) {
    this.#settings = settings;
  }

  /** A sample of at most 1,000, oldest first. Each is held while it is looked at, so that others don't see it. */
  async list({ limit, after }: DeadLetterPage): Promise<readonly DeadLetter[]> {
    const held = await this.#hold();
    await this.#giveBack(held);
    const letters = held
      .map(({ letter }) => letter)
      .sort((left, right) => left.sentAt - right.sentAt || (left.id < right.id ? -1 : 1));
    const start = after === undefined ? 0 : letters.findIndex(({ id }) => id === after) + 1;
    return letters.slice(start, start + limit);
  }

  /** By the service's own task where it can be had. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html */
  async redriveAll(): Promise<number> {
    const { connection, address } = this.#settings;
    const SourceArn = (await address.dead()).arn;
    // Letters that were discarded have no source that the service knows of.
    const DestinationArn = await address.arn();
    try {
      await connection.call((client) => client.startMessageMoveTask({ SourceArn, DestinationArn }));
    } catch (error) {
      if (NO_MOVE.has(sqsCodeOf(error))) return this.#redriveByHand();
      throw sqsError(address.what, error);
    }
    for (;;) {
      const { Results: [task] = [] } = await connection.ask(address.what, (client) =>
        client.listMessageMoveTasks({ SourceArn, MaxResults: 1 }),
      );
      if (task?.Status !== "RUNNING" && task?.Status !== "CANCELLING") {
        if (task?.Status === "FAILED") throw moveFailed(address.what, task.FailureReason);
        return task?.ApproximateNumberOfMessagesMoved ?? 0;
      }
      await this.#settings.sleep(MOVE_POLL_MS, undefined);
    }
  }

  async redrive(ids: readonly string[]): Promise<number> {
    const held = await this.#hold();
    const byId = new Map(held.map((one) => [one.letter.id, one]));
    const wanted = [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
    const rest = held.filter((one) => !wanted.includes(one));
    await this.#giveBack(rest);
    return this.#send(wanted);
  }

  /** Those that are dead now, a piece at a time. */
  async #redriveByHand(): Promise<number> {
    let redriven = 0;
    for (;;) {
      const held = await this.#hold();
      redriven += await this.#send(held);
      if (held.length < LETTERS_MAX) return redriven;
    }
  }

  /** Sends letters to the lane again. Only what was sent is removed. @returns how many */
  async #send(letters: readonly HeldLetter[]): Promise<number> {
    const { connection, address, sleep } = this.#settings;
    const [url, dead] = [await address.url(), await address.dead()];
    const bodies = letters.map(({ letter }) => ({ MessageBody: letter.body }));
    const sent = await sendEntries(bodies, {
      what: address.what,
      sleep,
      bytesOf: ({ MessageBody }) => Buffer.byteLength(MessageBody),
      send: (Entries) => connection.call((client) => client.sendMessageBatch({ QueueUrl: url, Entries: [...Entries] })),
    });
    const gone = letters.filter((_, place) => sent[place]?.kind === "done");
    await this.#giveBack(letters.filter((_, place) => sent[place]?.kind !== "done"));
    // One that isn't removed is redriven once more, which at-least-once allows.
    await sendEntries(
      gone.map(({ receipt }) => ({ ReceiptHandle: receipt })),
      {
        what: address.what,
        sleep,
        send: (Entries) =>
          connection.call((client) => client.deleteMessageBatch({ QueueUrl: dead.url, Entries: [...Entries] })),
      },
    );
    return gone.length;
  }

  async #hold(): Promise<readonly HeldLetter[]> {
    const { lane, connection, address } = this.#settings;
    const QueueUrl = (await address.dead()).url;
    const held = new Map<string, HeldLetter>();
    for (let empty = 0; empty < EMPTY_POLLS && held.size < LETTERS_MAX;) {
      const { Messages = [] } = await connection.ask(address.what, (client) =>
        client.receiveMessage({
          QueueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: HOLD_SECONDS,
          MessageSystemAttributeNames: [...SYSTEM_ATTRIBUTES],
          MessageAttributeNames: LETTER_ATTRIBUTES,
        }),
      );
      empty = Messages.length === 0 ? empty + 1 : 0;
      for (const message of Messages) {
        const letter = this.#letterOf(lane, message);
        if (letter !== undefined) held.set(message.MessageId ?? "", letter);
      }
    }
    return [...held.values()];
  }

  #letterOf(lane: Lane, message: Message): HeldLetter | undefined {
    const received = receivedOf(lane, message);
    return received && { letter: deadLetterOf(received, message), receipt: received.receipt };
  }

  async #giveBack(letters: readonly HeldLetter[]): Promise<void> {
    const { connection, address, sleep } = this.#settings;
    const QueueUrl = (await address.dead()).url;
    // One that isn't given back is seen again a minute later.
    await sendEntries(
      letters.map(({ receipt }) => ({ ReceiptHandle: receipt, VisibilityTimeout: 0 })),
      {
        what: address.what,
        sleep,
        send: (Entries) =>
          connection.call((client) => client.changeMessageVisibilityBatch({ QueueUrl, Entries: [...Entries] })),
      },
    );
  }
}

function moveFailed(what: string, reason: string | undefined): RekilnError {
  return new RekilnError({
    code: "queue-move",
    message: `${what}: its dead letters couldn't be moved: ${reason ?? "the service doesn't say why"}.`,
    disposition: "retry",
    hint: "What was moved already is in the queue; run it again for the rest.",
  });
}
