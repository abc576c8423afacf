import type { RekilnError } from "../core/errors.ts";

/** `live` is for editors and data, `bulk` for fan-out, builds and replay. */
export type Lane = "live" | "bulk";

export const LANES: readonly Lane[] = ["live", "bulk"];

/** Waits. Resolves after `ms` milliseconds, or as soon as `signal` is aborted; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

export interface OutgoingMessage {
  /** Opaque text of 1 byte to 64 KiB in UTF-8: any JSON text, with U+FFFE and U+FFFF escaped. */
  readonly body: string;
  /** Whole seconds until it can be received, at most 900; default 0. */
  readonly delaySeconds?: number;
}

/** `sent` only when the message is stored for good: it outlives the process and a power failure. */
export type SendResult =
  | { readonly kind: "sent"; readonly id: string }
  /** Not known to be stored. It may be sent again; then it may be there twice. */
  | { readonly kind: "failed"; readonly error: RekilnError };

export interface ReceiveOptions {
  /** From 1. Fewer may come although more are waiting. */
  readonly max: number;
  /** Whole seconds for which nobody else receives what comes, 1 to 43,200 (12 hours). */
  readonly visibilitySeconds: number;
  /** How long to wait while there is nothing; default 0. */
  readonly waitMs?: number | undefined;
  /** Ends the wait, with nothing received. */
  readonly signal?: AbortSignal | undefined;
}

/** What a receive gave for one message. Plain data, so that another thread can extend it. */
export interface Receipt {
  readonly lane: Lane;
  readonly id: string;
  /** Another one at each receive. */
  readonly receipt: string;
}

export interface QueuedMessage {
  readonly lane: Lane;
  /** Never given twice in a lane. */
  readonly id: string;
  readonly body: string;
  /** How often it was received, this time included. */
  readonly receives: number;
  /** In milliseconds since 1970. */
  readonly sentAt: number;
}

export interface Received extends QueuedMessage, Receipt {}

export type ReceiptResult =
  | { readonly kind: "done" }
  /** Nothing was done: the message isn't held by this receipt any more. */
  | { readonly kind: "stale" }
  /** Not known to be done. It may be tried again. */
  | { readonly kind: "failed"; readonly error: RekilnError };

export interface LaneDepth {
  /** Can be received now. */
  readonly waiting: number;
  /** Sent or released with a delay that hasn't passed. */
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
  /**
   * Since the oldest message that isn't dead was sent, also if it is delayed or in flight; undefined when there is none, or
   * when the service doesn't say.
   */
  readonly oldestAgeSeconds: number | undefined;
}

/** A message that was given up. Its id is the one it was sent with. */
export interface DeadLetter extends QueuedMessage {
  readonly reason: string;
  /** In milliseconds since 1970. */
  readonly deadAt: number;
}

export interface DeadLetterPage {
  /** At most so many letters. */
  readonly limit: number;
  /** The id of the last letter of the page before. */
  readonly after?: string | undefined;
}

/**
 * Two lanes, each with its dead letters. What happens in one never makes the other wait.
 *
 * A message that was sent is received again and again until it is acked, discarded or purged: at least once, so that
 * whoever works on it must bear to do it twice. A receive holds it for its visibility timeout, and meanwhile nobody else gets it.
 * The receipt is good for `extend` and `release` until that time has passed, and for `ack` and `discard` until the
 * message is received again; after its release it is good for nothing. A message that was received `maxReceives` times (5 if not set
 * otherwise) goes to the dead letters instead of being received once more.
 *
 * Messages come in the order in which they became visible, roughly: nobody may lean on it.
 *
 * A batch may fail in parts: results stand in the order of what was asked. Batches may be of any size; an adapter cuts them.
 * Every method throws RekilnError `queue-argument`, before it does anything, for what the port doesn't allow, and otherwise,
 * where there are no results, for a queue that can't be used now (disposition `retry`) or at all (`fatal`).
 *
 * The shape is that of Amazon SQS, which is one of the adapters. There, counts are approximate and ages unknown, the order is any,
 * `peek` and `deadLetters` give a sample, and an `ack` with a stale receipt says `done` but leaves the message where it is:
 * see `SqsQueue`.
 */
export interface Queue extends Disposable {
  /** Requests that were made by this, failed ones and repeated ones too, as far as somebody bills them; 0 where nobody does. */
  readonly billedRequests: number;
  /**
   * Sends messages; each result says whether that message is stored.
   * @throws RekilnError `queue-argument` when one of them is too large or no text; then none is sent
   */
  send(lane: Lane, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]>;
  /**
   * Receives messages, or nothing when there are none after `waitMs` or when the signal is aborted. What comes at the
   * moment of the abort is handed out; it is never held by nobody.
   */
  receive(lane: Lane, options: ReceiveOptions): Promise<readonly Received[]>;
  /** Removes messages for good. */
  ack(receipts: readonly Receipt[]): Promise<readonly ReceiptResult[]>;
  /** Gives messages back, to be received again after `delaySeconds` (whole, at most 43,200). The receive still counts. */
  release(receipts: readonly Receipt[], delaySeconds: number): Promise<readonly ReceiptResult[]>;
  /**
   * Holds messages for `visibilitySeconds` from now, whatever was left. `stale` means that ownership is lost: somebody
   * else may be at work on the message.
   */
  extend(receipts: readonly Receipt[], visibilitySeconds: number): Promise<readonly ReceiptResult[]>;
  /** Moves a message to the dead letters. The reason is for people; what is behind 1,000 characters is cut off. */
  discard(message: Received, reason: string): Promise<ReceiptResult>;
  depth(): Promise<Readonly<Record<Lane, LaneDepth>>>;
  /** Dead letters in the order in which they were sent. */
  deadLetters(lane: Lane, page: DeadLetterPage): Promise<readonly DeadLetter[]>;
  /** What would be received next, without receiving it. */
  peek(lane: Lane, limit: number): Promise<readonly QueuedMessage[]>;
  /**
   * Sends dead letters once more, as new messages at the end of the lane that were never received: those that are named
   * and there, or all that are dead when it begins.
   * @returns how many
   */
  redrive(lane: Lane, which: readonly string[] | "all"): Promise<number>;
  /** Deletes all messages of a lane, those in flight too, or its dead letters. */
  purge(lane: Lane, what: "messages" | "dead"): Promise<void>;
}
