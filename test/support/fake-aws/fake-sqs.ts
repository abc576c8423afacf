import { createHash } from "node:crypto";

import { checkSignature } from "./check-signature.ts";
import type { KnownCredentials } from "./check-signature.ts";
import { FakeQueue, md5, SqsRefusal } from "./fake-queue.ts";
import type { MessageAttribute, Sleep } from "./fake-queue.ts";
import { FakeServer } from "./fake-server.ts";
import type { ServerAnswer, ServerRequest } from "./fake-server.ts";

/** Of one entry of a batch that fails while the others don't. */
export interface EntryFailure {
  readonly Code: string;
  readonly SenderFault: boolean;
}

type Input = Readonly<Record<string, unknown>>;
interface Entry {
  readonly Id: string;
  readonly MessageBody?: string;
  readonly DelaySeconds?: number;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
  readonly ReceiptHandle?: string;
  readonly VisibilityTimeout?: number;
}

const BATCH_BYTES_MAX = 256 * 1024;
/** XML 1.0, as SQS documents what a body may hold. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const BODY = /^[\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u;

/** Amazon SQS as far as rekiln asks it, in its JSON protocol, on a clock that may be virtual. */
export class FakeSqs {
  readonly queues = new Map<string, FakeQueue>();
  credentials: KnownCredentials = { accessKeyId: "test", secretAccessKey: "secret" };
  /** Has entries of batches fail: the action, and which entry of all so far, from 1. */
  entryFailures: (action: string, number: number) => EntryFailure | undefined = () => undefined;
  /** Actions that are refused, as a service without them, or without the permission, does it. */
  readonly refused = new Map<string, string>();
  clock: () => number = Date.now;
  sleep: Sleep;
  readonly server: FakeServer;
  /** Long polls that wait now. */
  waiting = 0;
  readonly #moves: { readonly source: string; readonly moved: number }[] = [];
  #entries = 0;

  private constructor(server: FakeServer, sleep: Sleep) {
    this.server = server;
    this.sleep = sleep;
  }

  static async start(sleep: Sleep): Promise<FakeSqs> {
    let fake: FakeSqs | undefined;
    const server = await FakeServer.start(
      () => async (request) => {
        if (fake === undefined) throw new Error("asked before it started");
        return fake.#answer(request);
      },
      (status, code) => refusal(status, code, code),
    );
    fake = new FakeSqs(server, sleep);
    return fake;
  }

  /** Empty again. */
  reset(): void {
    this.queues.clear();
    this.refused.clear();
    this.#moves.length = 0;
    this.entryFailures = () => undefined;
  }

  queue(name: string): FakeQueue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new SqsRefusal("QueueDoesNotExist");
    return queue;
  }

  async #answer(request: ServerRequest): Promise<ServerAnswer> {
    const hash = createHash("sha256").update(request.body).digest("hex");
    // Signed by the real clock, whatever the time is in the queues.
    const problem = checkSignature(request, this.credentials, hash, Date.now());
    if (problem !== undefined) return refusal(problem.status, problem.code, problem.code);
    const action = (request.headers["x-amz-target"] ?? "").replace("AmazonSQS.", "");
    const refused = this.refused.get(action);
    if (refused !== undefined) return refusal(400, refused, refused);
    try {
      const output = await this.#act(action, JSON.parse(request.body.toString()) as Input);
      return { status: 200, headers: { "content-type": "application/x-amz-json-1.0" }, body: JSON.stringify(output) };
    } catch (error) {
      if (error instanceof SqsRefusal) return refusal(400, error.code, error.message);
      throw error;
    }
  }

  async #act(action: string, input: Input): Promise<unknown> {
    switch (action) {
      case "CreateQueue":
        return {
          QueueUrl: this.#urlOf(
            this.make(String(input["QueueName"]), (input["Attributes"] ?? {}) as Record<string, string>),
          ),
        };
      case "GetQueueUrl":
        return { QueueUrl: this.#urlOf(this.queue(String(input["QueueName"]))) };
      case "GetQueueAttributes":
        return { Attributes: this.#attributesOf(this.#target(input)) };
      case "SetQueueAttributes":
        Object.assign(this.#target(input).attributes, input["Attributes"]);
        return {};
      case "SendMessage":
        return this.#send(this.#target(input), input as unknown as Entry);
      case "ReceiveMessage":
        return this.#receive(input);
      case "DeleteMessage":
        this.#target(input).delete(String(input["ReceiptHandle"]));
        return {};
      case "ChangeMessageVisibility":
        this.#target(input).changeVisibility(String(input["ReceiptHandle"]), Number(input["VisibilityTimeout"]));
        return {};
      case "SendMessageBatch":
        return this.#batch(action, input, (queue, entry) => this.#send(queue, entry));
      case "DeleteMessageBatch":
        return this.#batch(action, input, (queue, entry) => queue.delete(entry.ReceiptHandle ?? ""));
      case "ChangeMessageVisibilityBatch":
        return this.#batch(action, input, (queue, entry) =>
          queue.changeVisibility(entry.ReceiptHandle ?? "", entry.VisibilityTimeout ?? 0),
        );
      case "PurgeQueue":
        this.#target(input).purge();
        return {};
      case "StartMessageMoveTask":
        return this.#move(String(input["SourceArn"]), input["DestinationArn"] as string | undefined);
      case "ListMessageMoveTasks":
        return {
          Results: this.#moves
            .filter(({ source }) => source === input["SourceArn"])
            .toReversed()
            .map(({ moved }) => ({ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: moved })),
        };
      default:
        throw new SqsRefusal("UnsupportedOperation");
    }
  }

  /** Makes a queue, or gives the one that is there. */
  make(name: string, attributes: Record<string, string> = {}): FakeQueue {
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) throw new SqsRefusal("InvalidParameterValue");
    const there = this.queues.get(name);
    const differs = Object.entries(attributes).some(([key, value]) => there?.attributes[key] !== value);
    if (there !== undefined && differs) throw new SqsRefusal("QueueNameExists");
    const queue =
      there ??
      new FakeQueue(
        name,
        attributes,
        () => this.clock(),
        (ms, signal) => this.sleep(ms, signal),
      );
    this.queues.set(name, queue);
    return queue;
  }

  #send(
    queue: FakeQueue,
    { MessageBody = "", DelaySeconds, MessageAttributes }: Entry,
  ): Readonly<Record<string, string>> {
    if (!BODY.test(MessageBody)) throw new SqsRefusal("InvalidMessageContents");
    for (const { StringValue } of Object.values(MessageAttributes ?? {})) {
      if (StringValue === undefined || !BODY.test(StringValue)) throw new SqsRefusal("InvalidParameterValue");
    }
    if (DelaySeconds !== undefined && !(DelaySeconds >= 0 && DelaySeconds <= 900))
      throw new SqsRefusal("InvalidParameterValue");
    return { MessageId: queue.send(MessageBody, DelaySeconds, MessageAttributes), MD5OfMessageBody: md5(MessageBody) };
  }

  async #receive(input: Input): Promise<unknown> {
    const queue = this.#target(input);
    const max = Number(input["MaxNumberOfMessages"] ?? 1);
    const wait = Number(input["WaitTimeSeconds"] ?? 0);
    if (!(max >= 1 && max <= 10) || !(wait >= 0 && wait <= 20)) throw new SqsRefusal("InvalidParameterValue");
    const visibility = input["VisibilityTimeout"];
    this.waiting++;
    try {
      const seconds = visibility === undefined ? undefined : Number(visibility);
      const messages = await queue.receive(max, seconds, wait, this.#deadOf(queue));
      return messages.length === 0 ? {} : { Messages: messages };
    } finally {
      this.waiting--;
    }
  }

  #batch(
    action: string,
    input: Input,
    act: (queue: FakeQueue, entry: Entry) => Readonly<Record<string, string>> | void,
  ): unknown {
    const queue = this.#target(input);
    const entries = (input["Entries"] ?? []) as readonly Entry[];
    if (entries.length === 0) throw new SqsRefusal("EmptyBatchRequest");
    if (entries.length > 10) throw new SqsRefusal("TooManyEntriesInBatchRequest");
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length) throw new SqsRefusal("BatchEntryIdsNotDistinct");
    const bytes = entries.reduce((sum, { MessageBody = "" }) => sum + Buffer.byteLength(MessageBody), 0);
    if (bytes > BATCH_BYTES_MAX) throw new SqsRefusal("BatchRequestTooLong");
    const Successful: unknown[] = [];
    const Failed: unknown[] = [];
    for (const entry of entries) {
      const failure = this.entryFailures(action, ++this.#entries);
      if (failure !== undefined) {
        Failed.push({ Id: entry.Id, ...failure });
        continue;
      }
      try {
        Successful.push({ Id: entry.Id, ...act(queue, entry) });
      } catch (error) {
        if (!(error instanceof SqsRefusal)) throw error;
        Failed.push({ Id: entry.Id, Code: error.code, Message: error.message, SenderFault: true });
      }
    }
    return { Successful, Failed };
  }

  #move(sourceArn: string, destination: string | undefined): unknown {
    const source = this.#byArn(sourceArn);
    const sources = [...this.queues.values()].filter((one) => one.deadLetterPolicy?.deadLetterTargetArn === sourceArn);
    const target = destination === undefined ? sources[0] : this.#byArn(destination);
    if (source === undefined || target === undefined || sources.length === 0)
      throw new SqsRefusal("ResourceNotFoundException");
    this.#moves.push({ source: sourceArn, moved: source.moveTo(target) });
    return { TaskHandle: `task-${this.#moves.length}` };
  }

  #byArn(arn: string): FakeQueue | undefined {
    return [...this.queues.values()].find((queue) => queue.arn === arn);
  }

  #deadOf(queue: FakeQueue): FakeQueue | undefined {
    const { deadLetterTargetArn } = queue.deadLetterPolicy ?? {};
    return deadLetterTargetArn === undefined ? undefined : this.#byArn(deadLetterTargetArn);
  }

  #target(input: Input): FakeQueue {
    return this.queue(String(input["QueueUrl"]).split("/").at(-1) ?? "");
  }

  #urlOf({ name }: FakeQueue): string {
    return `${this.server.url}/000000000000/${name}`;
  }

  #attributesOf(queue: FakeQueue): Readonly<Record<string, string>> {
    return { ...queue.attributes, ...queue.counts(), QueueArn: queue.arn };
  }
}

function refusal(status: number, code: string, message: string): ServerAnswer {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.0", date: new Date().toUTCString() },
    body: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message }),
  };
}
