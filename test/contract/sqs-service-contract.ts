import { randomUUID } from "node:crypto";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";

import type { Received } from "../../src/queue/queue.ts";
import { provisionQueues } from "../../src/queue/sqs-provision.ts";
import { SqsQueue } from "../../src/queue/sqs-queue.ts";
import { sleep } from "../../src/system/sleep.ts";

export interface SqsService {
  readonly endpoint: string;
}

const MAX_RECEIVES = 5;

/**
 * What is leant on of a service that answers as SQS does, in real time and short ones: run against our fake and against
 * LocalStack, so that the two agree case by case. What the port makes of it is the queue contract's, on virtual time.
 *
 * Where they differ, our fake follows the documentation: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
 * has MessageNotInflight for a message whose time is over, LocalStack 4.14 takes the change; and there a second passes before a
 * timeout of a second is over.
 */
export function sqsServiceContract(
  name: string,
  open: () => SqsService,
  differs: { readonly takesLateChanges: boolean },
): void {
  let queue: SqsQueue;

  beforeEach(async () => {
    const id = randomUUID().slice(0, 8);
    const names = { live: `live-${id}`, bulk: `bulk-${id}` };
    const { endpoint } = open();
    const settings = { region: "us-east-1", endpoint, credentials: { accessKeyId: "test", secretAccessKey: "secret" } };
    await provisionQueues({ ...settings, names, maxReceives: MAX_RECEIVES }, { isDryRun: false });
    const opened = new SqsQueue({ ...settings, names, clock: Date.now, sleep });
    onTestFinished(() => opened[Symbol.dispose]());
    queue = opened;
  });

  const send = async (...bodies: readonly string[]): Promise<void> => {
    const sent = await queue.send(
      "live",
      bodies.map((body) => ({ body })),
    );
    expect(sent.every(({ kind }) => kind === "sent")).toBe(true);
  };
  const receive = (visibilitySeconds = 30, waitMs = 0): Promise<readonly Received[]> =>
    queue.receive("live", { max: 100, visibilitySeconds, waitMs });
  const bodiesOf = (messages: readonly Received[]): readonly string[] => messages.map(({ body }) => body).toSorted();

  describe(`${name}: messages`, () => {
    test("come as they were sent, by hundreds, with what is known of them", async () => {
      const before = Date.now();
      const bodies = Array.from({ length: 120 }, (_, n) => `{"n":${n},"text":"é 🎬 <&>"}`);
      await send(...bodies);
      const received: Received[] = [];
      for (let batch = await receive(); batch.length > 0; batch = await receive()) received.push(...batch);
      expect(bodiesOf(received)).toEqual(bodies.toSorted());
      for (const { receives, sentAt } of received) {
        expect(receives).toBe(1);
        expect(Math.abs(sentAt - before)).toBeLessThan(60_000);
      }
      expect((await queue.ack(received)).every(({ kind }) => kind === "done")).toBe(true);
      expect((await queue.depth()).live).toMatchObject({ waiting: 0, inFlight: 0 });
    });

    test("of 64 KiB come by tens", async () => {
      const bodies = Array.from({ length: 10 }, (_, n) => `${n}${"x".repeat(65_535)}`);
      await send(...bodies);
      expect(bodiesOf(await receive())).toEqual(bodies);
    });

    test("that are delayed come when it is time", async () => {
      await queue.send("live", [{ body: "late", delaySeconds: 2 }]);
      expect(await receive()).toEqual([]);
      expect((await queue.depth()).live).toMatchObject({ waiting: 0, delayed: 1 });
      expect(bodiesOf(await receive(30, 10_000))).toEqual(["late"]);
    });

    test("of one lane aren't in the other", async () => {
      await send("x");
      expect(await queue.receive("bulk", { max: 10, visibilitySeconds: 30 })).toEqual([]);
    });
  });

  describe(`${name}: a message that is held`, () => {
    test("comes again when its time is over, with another receipt, and is counted", async () => {
      await send("x");
      const [first] = await receive(1);
      expect(await receive()).toEqual([]);
      const [second] = await receive(30, 10_000);
      expect(second).toMatchObject({ id: first?.id, body: "x", receives: 2 });
      expect(second?.receipt).not.toBe(first?.receipt);
    });

    test("comes again at once when it is released", async () => {
      await send("x");
      expect(await queue.release(await receive(), 0)).toEqual([{ kind: "done" }]);
      expect(await receive(30, 5000)).toMatchObject([{ body: "x", receives: 2 }]);
    });

    test("is held for longer when it is extended", async () => {
      await send("x");
      const held = await receive(2);
      expect(await queue.extend(held, 600)).toEqual([{ kind: "done" }]);
      await sleep(3500, undefined);
      expect(await receive()).toEqual([]);
      expect(await queue.ack(held)).toEqual([{ kind: "done" }]);
    });

    test("is nobody's once its time is over: a change says so", async () => {
      await send("x");
      const held = await receive(1);
      await sleep(2500, undefined);
      const [extended] = await queue.extend(held, 30);
      expect(extended?.kind).toBe(differs.takesLateChanges ? "done" : "stale");
    });

    test("by a receipt that is none is refused, and the others of its batch aren't", async () => {
      await send("x");
      const [held] = await receive();
      if (held === undefined) throw new Error("nothing to receive");
      const results = await queue.ack([{ ...held, receipt: "none" }, held]);
      expect(results.map(({ kind }) => kind)).toEqual(["stale", "done"]);
      expect((await queue.depth()).live).toMatchObject({ waiting: 0, inFlight: 0 });
    });
  });

  describe(`${name}: dead letters`, () => {
    test("hold what was discarded, with its reason, and are redriven by the service", async () => {
      await send("a", "b");
      for (const held of await receive()) expect(await queue.discard(held, "no such type")).toEqual({ kind: "done" });
      expect((await queue.depth()).live).toMatchObject({ waiting: 0, inFlight: 0, dead: 2 });
      const letters = await queue.deadLetters("live", { limit: 10 });
      expect(
        letters
          .map(({ body, reason, receives }) => [body, reason, receives])
          .toSorted((left, right) => (String(left) < String(right) ? -1 : 1)),
      ).toEqual([
        ["a", "no such type", 1],
        ["b", "no such type", 1],
      ]);
      expect(await queue.redrive("live", "all")).toBe(2);
      expect(bodiesOf(await receive(30, 5000))).toEqual(["a", "b"]);
    });

    test("hold what was received too often", async () => {
      await send("x");
      for (let n = 1; n <= MAX_RECEIVES; n++) {
        const [held] = await receive(30, 5000);
        expect(held?.receives).toBe(n);
        if (held !== undefined) await queue.release([held], 0);
      }
      expect(await receive(30, 1000)).toEqual([]);
      expect(await queue.deadLetters("live", { limit: 10 })).toMatchObject([
        { body: "x", reason: `received ${MAX_RECEIVES} times and never acked` },
      ]);
    });

    test("are redriven by id", async () => {
      await send("a", "b");
      for (const held of await receive()) await queue.discard(held, held.body);
      const letters = await queue.deadLetters("live", { limit: 10 });
      const a = letters.find(({ body }) => body === "a");
      expect(await queue.redrive("live", [a?.id ?? "", "none"])).toBe(1);
      expect(bodiesOf(await receive(30, 5000))).toEqual(["a"]);
      expect(await queue.deadLetters("live", { limit: 10 })).toMatchObject([{ body: "b", reason: "b" }]);
    });
  });

  test(`${name}: a long poll ends when a message comes, and when it is told to`, async () => {
    const receiving = receive(30, 20_000);
    await sleep(300, undefined);
    const before = performance.now();
    await send("x");
    expect(bodiesOf(await receiving)).toEqual(["x"]);
    expect(performance.now() - before).toBeLessThan(5000);
    const stop = new AbortController();
    const stopped = queue.receive("live", { max: 10, visibilitySeconds: 600, waitMs: 3000, signal: stop.signal });
    await sleep(300, undefined);
    stop.abort();
    expect(await stopped).toEqual([]);
    await send("y");
    // Its call may take it and give it back.
    expect(bodiesOf(await receive(30, 10_000))).toEqual(["y"]);
  });

  test(`${name}: a lane is purged, and its dead letters by themselves`, async () => {
    await send("a", "b");
    for (const held of await receive()) await queue.discard(held, "no");
    await send("c");
    await queue.purge("live", "messages");
    expect((await queue.depth()).live).toMatchObject({ waiting: 0, dead: 2 });
    await queue.purge("live", "dead");
    expect((await queue.depth()).live.dead).toBe(0);
  });

  test(`${name}: queues are provisioned once, whoever does it again`, async () => {
    const id = randomUUID().slice(0, 8);
    const names = { live: `l-${id}`, bulk: `b-${id}` };
    const { endpoint } = open();
    const settings = {
      region: "us-east-1",
      endpoint,
      credentials: { accessKeyId: "test", secretAccessKey: "secret" },
      names,
      maxReceives: 7,
    };
    const actions = async (isDryRun: boolean) =>
      (await provisionQueues(settings, { isDryRun })).map(({ action }) => action);
    expect(await actions(true)).toEqual(["create", "create", "create", "create"]);
    expect(await actions(false)).toEqual(["create", "create", "create", "create"]);
    expect(await actions(false)).toEqual(["keep", "keep", "keep", "keep"]);
  });
}
