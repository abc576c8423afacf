import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";

import { LANES } from "../../src/queue/queue.ts";
import type { Received } from "../../src/queue/queue.ts";
import { SqsQueue } from "../../src/queue/sqs-queue.ts";
import type { SqsQueueSettings } from "../../src/queue/sqs-queue.ts";
import { sleep } from "../../src/system/sleep.ts";
import { FakeSqs } from "../support/fake-aws/fake-sqs.ts";

let fake: FakeSqs;
let queue: SqsQueue;
beforeAll(async () => {
  fake = await FakeSqs.start(sleep);
});
afterAll(() => fake.server.stop());
beforeEach(() => {
  fake.reset();
  fake.server.faults = () => undefined;
  for (const lane of LANES) {
    const policy = { deadLetterTargetArn: fake.make(`${lane}-dead`).arn, maxReceiveCount: 5 };
    fake.make(lane, { RedrivePolicy: JSON.stringify(policy) });
  }
  queue = openQueue();
});

function openQueue(settings: Partial<SqsQueueSettings> = {}): SqsQueue {
  const opened = new SqsQueue({
    names: { live: "live", bulk: "bulk" },
    clock: Date.now,
    sleep: (_, signal) => sleep(0, signal),
    region: "us-east-1",
    endpoint: fake.server.url,
    credentials: { accessKeyId: "test", secretAccessKey: "secret" },
    ...settings,
  });
  onTestFinished(() => opened[Symbol.dispose]());
  return opened;
}

const tenBodies = Array.from({ length: 10 }, (_, n) => ({ body: String(n) }));
const receiveAll = async (): Promise<readonly Received[]> => queue.receive("live", { max: 100, visibilitySeconds: 30 });
const depth = async () => (await queue.depth()).live;

describe("sqs: a batch that fails in parts", () => {
  test("is right about each message", async () => {
    fake.entryFailures = (_, number) => (number % 3 === 0 ? { Code: "x", SenderFault: true } : undefined);
    const sent = await queue.send("live", tenBodies);
    const isThere = new Set(fake.make("live").bodies());
    expect(isThere.size).toBeLessThan(10);
    expect(sent.map(({ kind }) => kind === "sent")).toEqual(tenBodies.map(({ body }) => isThere.has(body)));
  });

  test("is tried again one by one, and not for ever", async () => {
    fake.entryFailures = () => ({ Code: "InternalError", SenderFault: false });
    const sent = await queue.send("live", [{ body: "x" }]);
    expect(sent).toMatchObject([{ kind: "failed", error: { code: "queue-entry", disposition: "retry" } }]);
    expect(fake.server.counts.get("AmazonSQS.SendMessageBatch")).toBeGreaterThanOrEqual(4);
  });

  test("is no ack where it wasn't one", async () => {
    await queue.send("live", tenBodies);
    const held = await receiveAll();
    fake.entryFailures = (_, number) => (number % 2 === 0 ? { Code: "InternalError", SenderFault: false } : undefined);
    const acked = await queue.ack(held);
    const done = acked.filter(({ kind }) => kind === "done").length;
    expect((await depth()).inFlight).toBe(10 - done);
  });
});

test("sqs: every request that the service was asked is counted, those that the SDK tried again too", async () => {
  // The SDK's first try of each third request: the next one goes through, whatever is asked at the same time.
  fake.server.faults = ({ number, headers }) =>
    number % 3 === 0 && String(headers["amz-sdk-request"]).startsWith("attempt=1")
      ? { kind: "refuse", status: 503, code: "ServiceUnavailable" }
      : undefined;
  const before = fake.server.requests;
  await queue.send("live", tenBodies);
  await queue.ack(await receiveAll());
  await queue.depth();
  const asked = fake.server.requests - before;
  expect(asked).toBeGreaterThan(4);
  expect(queue.billedRequests).toBe(asked);
});

test("sqs: messages are sent in batches of ten, and of 256 KiB", async () => {
  const before = fake.server.counts.get("AmazonSQS.SendMessageBatch") ?? 0;
  const large = "x".repeat(64 * 1024);
  const bodies = [
    ...Array.from({ length: 25 }, (_, n) => ({ body: `${n}` })),
    ...Array.from({ length: 9 }, () => ({ body: large })),
  ];
  expect((await queue.send("live", bodies)).every(({ kind }) => kind === "sent")).toBe(true);
  // 10, 10, 5 with three large ones (and 61 KiB that no fourth fits into), 4, 2.
  expect((fake.server.counts.get("AmazonSQS.SendMessageBatch") ?? 0) - before).toBe(5);
});

describe("sqs: a long poll that is ended", () => {
  test("swallows no message that comes while its call goes on", async () => {
    const stop = new AbortController();
    const receiving = queue.receive("live", { max: 10, visibilitySeconds: 600, waitMs: 20_000, signal: stop.signal });
    await until(() => fake.waiting === 1);
    stop.abort();
    expect(await receiving).toEqual([]);
    await queue.send("live", [{ body: "x" }]);
    await until(async () => (await depth()).waiting === 1);
    expect(await receiveAll()).toMatchObject([{ body: "x" }]);
  });

  test("by closing the queue swallows none either", async () => {
    const other = openQueue();
    const receiving = queue.receive("live", { max: 10, visibilitySeconds: 600, waitMs: 20_000 });
    await until(() => fake.waiting === 1);
    queue[Symbol.dispose]();
    expect(await receiving).toEqual([]);
    await other.send("live", [{ body: "x" }]);
    await until(async () => (await other.depth()).live.waiting === 1);
  });
});

describe("sqs: dead letters", () => {
  const killAll = async (): Promise<void> => {
    await queue.send("live", tenBodies);
    for (const held of await receiveAll()) await queue.discard(held, "no");
  };

  test.each(["UnsupportedOperation", "AccessDenied"])(
    "are redriven by hand where the service's own move says %s",
    async (code) => {
      await killAll();
      fake.refused.set("StartMessageMoveTask", code);
      expect(await queue.redrive("live", "all")).toBe(10);
      expect(await depth()).toMatchObject({ waiting: 10, dead: 0 });
    },
  );

  test("that can't be sent stay dead", async () => {
    await killAll();
    fake.refused.set("StartMessageMoveTask", "AccessDenied");
    fake.entryFailures = (action, number) =>
      action === "SendMessageBatch" && number % 2 === 0 ? { Code: "x", SenderFault: true } : undefined;
    const redriven = await queue.redrive("live", "all");
    expect(await depth()).toMatchObject({ waiting: redriven, dead: 10 - redriven });
  });

  test("of somebody else, with what looks like ours, are letters all the same", async () => {
    const attribute = { DataType: "String", StringValue: '{"reason":7}' };
    fake.make("live-dead").send("not ours", 0, { "rekiln-dead": attribute });
    expect(await queue.deadLetters("live", { limit: 9 })).toMatchObject([
      { body: "not ours", reason: expect.stringContaining("received") },
    ]);
  });

  test("get a message once though the letter's sender is killed before it is removed", async () => {
    await queue.send("live", [{ body: "x" }]);
    const [held] = await receiveAll();
    if (held === undefined) throw new Error("nothing to receive");
    fake.entryFailures = (action) => (action === "DeleteMessageBatch" ? { Code: "x", SenderFault: false } : undefined);
    expect(await queue.discard(held, "no")).toMatchObject({ kind: "failed" });
    expect(await depth()).toMatchObject({ inFlight: 1, dead: 1 });
  });
});

describe("sqs: what can't be used says so", () => {
  test("when the queue isn't there", async () => {
    const lost = openQueue({ names: { live: "none", bulk: "bulk" } });
    const error = { code: "queue-missing", disposition: "fatal", hint: expect.stringContaining("rekiln provision") };
    await expect(lost.depth()).rejects.toMatchObject(error);
    await expect(lost.send("live", [{ body: "x" }])).rejects.toMatchObject(error);
  });

  test("when it has no dead letters", async () => {
    fake.make("bare");
    const bare = openQueue({ names: { live: "bare", bulk: "bulk" } });
    await expect(bare.depth()).rejects.toMatchObject({ code: "queue-no-dead-letters", disposition: "fatal" });
  });

  test("when the credentials aren't good", async () => {
    const stranger = openQueue({ credentials: { accessKeyId: "test", secretAccessKey: "wrong" } });
    await expect(stranger.depth()).rejects.toMatchObject({ code: "queue-forbidden", disposition: "retry" });
  });

  test("when it is purged twice in a minute", async () => {
    await queue.purge("live", "messages");
    await expect(queue.purge("live", "messages")).rejects.toMatchObject({ code: "queue-busy", disposition: "retry" });
  });

  test("when nobody answers", async () => {
    const gone = await FakeSqs.start(sleep);
    const lost = openQueue({ endpoint: gone.server.url });
    await gone.server.stop();
    await expect(lost.depth()).rejects.toMatchObject({ code: "queue-unreachable", disposition: "retry" });
  });
});

test("sqs: answers that are lost send a message twice at most a try, and never none", async () => {
  let lost = 0;
  fake.server.faults = ({ headers }) =>
    headers["x-amz-target"] === "AmazonSQS.SendMessageBatch" && lost++ < 2 ? { kind: "lose-response" } : undefined;
  const [sent] = await queue.send("live", [{ body: "x" }]);
  expect(sent?.kind).toBe("sent");
  expect((await depth()).waiting).toBe(3);
});

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (await isTrue()) return;
    await setTimeout(5);
  }
  throw new Error("it never came");
}
