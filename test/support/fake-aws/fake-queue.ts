import { createHash, randomUUID } from "node:crypto";

export interface MessageAttribute {
  readonly DataType?: string;
  readonly StringValue?: string;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>> | undefined;
  readonly sentAt: number;
  visibleAt: number;
  receives: number;
  firstReceivedAt: number | undefined;
  receipt: string | undefined;
  sourceArn: string | undefined;
}

export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** Refusals as SQS names them: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html */
export class SqsRefusal extends Error {
  readonly code: string;
  constructor(code: string, message: string = code) {
    super(message);
    this.code = code;
  }
}

export interface ReceivedMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly Attributes: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>> | undefined;
}

/** A standard queue: at least once, in no order, visible by its clock. */
export class FakeQueue {
  readonly name: string;
  readonly arn: string;
  attributes: Record<string, string>;
  purgedAt = Number.NEGATIVE_INFINITY;
  readonly #messages = new Map<string, Message>();
  readonly #clock: () => number;
  readonly #sleep: Sleep;
  readonly #wakes = new Set<() => void>();
  #turn = 0;

  constructor(name: string, attributes: Record<string, string>, clock: () => number, sleep: Sleep) {
    this.name = name;
    this.arn = `arn:aws:sqs:us-east-1:000000000000:${name}`;
    this.attributes = { VisibilityTimeout: "30", MessageRetentionPeriod: "345600", DelaySeconds: "0", ...attributes };
    this.#clock = clock;
    this.#sleep = sleep;
  }

  get deadLetterPolicy(): { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number } | undefined {
    const policy = this.attributes["RedrivePolicy"];
    if (policy === undefined || policy === "") return undefined;
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, string | number>;
    return { deadLetterTargetArn: String(deadLetterTargetArn), maxReceiveCount: Number(maxReceiveCount) };
  }

  send(body: string, delaySeconds: number | undefined, attributes: Message["attributes"]): string {
    const id = randomUUID();
    const now = this.#clock();
    const delay = delaySeconds ?? Number(this.attributes["DelaySeconds"]);
    const fresh = { receives: 0, firstReceivedAt: undefined, receipt: undefined, sourceArn: undefined };
    // Without a delay there is nothing to compare with a clock.
    const visibleAt = delay === 0 ? Number.NEGATIVE_INFINITY : now + delay * 1000;
    this.#messages.set(id, { id, body, attributes, sentAt: now, visibleAt, ...fresh });
    this.#wake();
    return id;
  }

  /** As the service moves a message: with its id, its times and its count. */
  #takeIn(message: Message, sourceArn: string): void {
    this.#messages.set(message.id, { ...message, sourceArn, receipt: undefined, visibleAt: this.#clock() });
    this.#wake();
  }

  /** Waits like a long poll. Whether whoever asked is still there is nothing that it knows. */
  async receive(
    max: number,
    visibilitySeconds: number | undefined,
    waitSeconds: number,
    dead: FakeQueue | undefined,
  ): Promise<readonly ReceivedMessage[]> {
    const end = this.#clock() + waitSeconds * 1000;
    for (;;) {
      const received = this.#receiveNow(max, visibilitySeconds, dead);
      const now = this.#clock();
      if (received.length > 0 || now >= end) return received;
      const next = Math.min(end, ...[...this.#messages.values()].map(({ visibleAt }) => visibleAt));
      const woken = new AbortController();
      const wake = (): void => woken.abort();
      this.#wakes.add(wake);
      await this.#sleep(next - now, woken.signal);
      this.#wakes.delete(wake);
    }
  }

  #receiveNow(max: number, visibilitySeconds: number | undefined, dead: FakeQueue | undefined): ReceivedMessage[] {
    const now = this.#clock();
    const visibility = visibilitySeconds ?? Number(this.attributes["VisibilityTimeout"]);
    const policy = this.deadLetterPolicy;
    const received: ReceivedMessage[] = [];
    const visible = [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= now);
    // In no order, and in another one each time.
    const turn = visible.length === 0 ? 0 : (this.#turn++ * 7) % visible.length;
    for (const message of [...visible.slice(turn), ...visible.slice(0, turn)]) {
      if (received.length === max) break;
      if (policy !== undefined && dead !== undefined && message.receives >= policy.maxReceiveCount) {
        this.#messages.delete(message.id);
        dead.#takeIn(message, this.arn);
        continue;
      }
      message.receives++;
      message.firstReceivedAt ??= now;
      message.receipt = `${message.id}#${message.receives}`;
      message.visibleAt = now + visibility * 1000;
      received.push(shown(message, message.receipt));
    }
    return received;
  }

  delete(receipt: string): void {
    const message = this.#find(receipt);
    // An old receipt is taken, and does nothing.
    if (message?.receipt === receipt) this.#messages.delete(message.id);
  }

  changeVisibility(receipt: string, seconds: number): void {
    const message = this.#find(receipt);
    if (message?.receipt !== receipt) {
      throw new SqsRefusal(
        "InvalidParameterValue",
        "Message does not exist or is not available for visibility timeout change",
      );
    }
    if (message.visibleAt <= this.#clock()) throw new SqsRefusal("MessageNotInflight");
    message.visibleAt = this.#clock() + seconds * 1000;
    this.#wake();
  }

  #find(receipt: string): Message | undefined {
    const [, id = ""] = /^([0-9a-f-]{36})#\d+$/.exec(receipt) ?? [];
    if (id === "") throw new SqsRefusal("ReceiptHandleIsInvalid");
    return this.#messages.get(id);
  }

  clear(): void {
    this.#messages.clear();
  }

  /** Of all messages, whether they can be received or not. */
  bodies(): string[] {
    return [...this.#messages.values()].map(({ body }) => body);
  }

  purge(): void {
    if (this.#clock() - this.purgedAt < 60_000) throw new SqsRefusal("PurgeQueueInProgress");
    this.purgedAt = this.#clock();
    this.#messages.clear();
  }

  /** Everything that can be received, as new messages of another queue. @returns how many */
  moveTo(other: FakeQueue): number {
    const now = this.#clock();
    const movable = [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= now);
    for (const { id, body, attributes } of movable) {
      this.#messages.delete(id);
      other.send(body, 0, attributes);
    }
    return movable.length;
  }

  counts(): Readonly<Record<string, string>> {
    const now = this.#clock();
    const all = [...this.#messages.values()];
    const hidden = all.filter(({ visibleAt }) => visibleAt > now);
    const inFlight = hidden.filter(({ receives }) => receives > 0).length;
    return {
      ApproximateNumberOfMessages: String(all.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(hidden.length - inFlight),
    };
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}

function shown(message: Message, receipt: string): ReceivedMessage {
  const { id, body, sentAt, receives, firstReceivedAt = sentAt, attributes, sourceArn } = message;
  return {
    MessageId: id,
    ReceiptHandle: receipt,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: {
      SentTimestamp: String(sentAt),
      ApproximateReceiveCount: String(receives),
      ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
      ...(sourceArn === undefined ? {} : { DeadLetterQueueSourceArn: sourceArn }),
    },
    ...(attributes === undefined ? {} : { MessageAttributes: attributes }),
  };
}

export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
