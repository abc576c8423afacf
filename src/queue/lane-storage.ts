import type { DeadLetter, DeadLetterPage, LaneDepth, OutgoingMessage, QueuedMessage, Received } from "./queue.ts";

/**
 * One lane as it is stored on this machine. Every call is one step that nobody sees half of, and throws RekilnError
 * when it wasn't done or nobody knows. Arguments are checked. Receipts are those of `Receipt.receipt`; what comes back
 * for each is whether it was good.
 */
export interface LaneStorage extends Disposable {
  /** @returns the ids */
  send(messages: readonly OutgoingMessage[]): readonly string[];
  receive(max: number, visibilitySeconds: number): readonly Received[];
  ack(receipts: readonly string[]): readonly boolean[];
  release(receipts: readonly string[], delaySeconds: number): readonly boolean[];
  extend(receipts: readonly string[], visibilitySeconds: number): readonly boolean[];
  discard(receipt: string, reason: string): boolean;
  depth(): LaneDepth;
  deadLetters(page: DeadLetterPage): readonly DeadLetter[];
  peek(limit: number): readonly QueuedMessage[];
  /** @returns how many of them were dead letters */
  redrive(ids: readonly string[]): number;
  purge(what: "messages" | "dead"): void;
  /**
   * How long whoever found nothing waits until it looks again, unless something is done through this same object before.
   * `attempts`: how often it has looked in this wait.
   */
  pauseMs(attempts: number): number;
}
