/** What a queue knows and what it can't, where queues differ. Each is said in the port's documentation. */
export interface QueueCapabilities {
  /** In which order messages come. */
  readonly order: "as visible" | "any";
  /** Whether the age of the oldest message is told. */
  readonly age: "known" | "unknown";
  /** What is said of an ack that comes too late; the message stays in either case. */
  readonly lateAck: "stale" | "done";
  /** Whether a receipt is still good after a release with a delay. */
  readonly releasedReceipt: "stale" | "good";
  /** What a message that was released with a delay counts as. */
  readonly releasedCount: "delayed" | "inFlight";
  /** Whether a peek counts as a receive. */
  readonly peek: "free" | "counts";
}

export const LOCAL_CAPABILITIES: QueueCapabilities = {
  order: "as visible",
  age: "known",
  lateAck: "stale",
  releasedReceipt: "stale",
  releasedCount: "delayed",
  peek: "free",
};

/** As Amazon documents standard queues: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html */
export const SQS_CAPABILITIES: QueueCapabilities = {
  order: "any",
  age: "unknown",
  lateAck: "done",
  releasedReceipt: "good",
  releasedCount: "inFlight",
  peek: "counts",
};
