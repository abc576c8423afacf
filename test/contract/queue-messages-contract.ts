import { describe, expect, test } from "vitest";

import type { OutgoingMessage } from "../../src/queue/queue.ts";
import type { QueueUnderTest } from "./queue-under-test.ts";

const KIB_64 = 64 * 1024;
const numbered = (count: number, prefix = ""): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** What is sent, and in which order it comes. */
export function queueMessagesContract(name: string, under: QueueUnderTest): void {
  const { send, receive, receiveOne, bodies, seconds, expectDepth, inOrder } = under;

  describe(`${name}: a message`, () => {
    test("comes as it was sent, with what is known of it", async () => {
      const sentAt = under.time.clock();
      const [id] = await send(['{"entity":"film:1"}']);
      await seconds(2);
      const received = await receive();
      const receipt = expect.any(String);
      expect(received).toEqual([{ lane: "live", id, body: '{"entity":"film:1"}', receives: 1, sentAt, receipt }]);
    });

    test.each([
      ["emoji, accents, right to left", "é 🎬 שלום"],
      ["white space", " \t\r\n "],
      ["what SQL and XML have a meaning for", `'";--<&>]]>%_\\`],
      ["delete and characters that aren't assigned", "\u007F\u0085\uFFFD\u{10FFFF}"],
      ["64 KiB", "x".repeat(KIB_64)],
      ["64 KiB of characters of three bytes", `x${"€".repeat(KIB_64 / 3)}`],
    ])("may hold %s", async (_, body) => {
      await send([body]);
      expect(await bodies()).toEqual([body]);
    });

    test.each<[string, OutgoingMessage]>([
      ["is larger than 64 KiB", { body: "x".repeat(KIB_64 + 1) }],
      ["is larger than 64 KiB in UTF-8 only", { body: `xx${"€".repeat(KIB_64 / 3)}` }],
      ["is empty", { body: "" }],
      ["holds NUL", { body: "a\0b" }],
      ["holds a control character", { body: "\u001B" }],
      ["holds half a surrogate pair", { body: "a\uD83C" }],
      ["holds a character that XML can't", { body: "\uFFFF" }],
      ["has a delay above 15 minutes", { body: "x", delaySeconds: 901 }],
      ["has a delay below 0", { body: "x", delaySeconds: -1 }],
      ["has a delay that isn't whole", { body: "x", delaySeconds: 0.5 }],
      ["has a delay that is no number", { body: "x", delaySeconds: NaN }],
    ])("that %s is refused, and nothing of its batch is stored", async (_, message) => {
      await expect(under.queue.send("live", [{ body: "before" }, message, { body: "after" }])).rejects.toThrow(
        expect.objectContaining({ name: "RekilnError", code: "queue-argument", disposition: "discard" }),
      );
      await expectDepth("live", {});
    });

    test("has an id of its own, also when those before it are gone", async () => {
      const ids = new Set<string>();
      for (let round = 0; round < 3; round++) {
        for (const id of await send(["same", "same"])) ids.add(id);
        await under.queue.ack(await receive());
      }
      expect(ids.size).toBe(6);
    });
  });

  describe(`${name}: a batch`, () => {
    test("of nothing is nothing", async () => {
      expect(await under.queue.send("live", [])).toEqual([]);
      expect(await under.queue.ack([])).toEqual([]);
      expect(await receive()).toEqual([]);
    });

    test("may be large, and comes in order", async () => {
      const sent = numbered(1234);
      const sending = send(sent);
      await seconds(1);
      expect(new Set(await sending).size).toBe(1234);
      const received = [];
      for (let batch = await receive(5000); batch.length > 0; batch = await receive(5000)) received.push(...batch);
      expect(inOrder(received.map(({ body }) => body))).toEqual(inOrder(sent));
      const acking = under.queue.ack(received);
      await seconds(1);
      expect((await acking).every(({ kind }) => kind === "done")).toBe(true);
      await expectDepth("live", {});
    });

    test("is received up to a maximum", async () => {
      await send(numbered(5));
      const parts = [await bodies(2), await bodies(2), await bodies(2)];
      expect(parts.map(({ length }) => length)).toEqual([2, 2, 1]);
      expect(inOrder(parts.flat())).toEqual(numbered(5));
    });

    test.each([0, -1, 1.5, NaN])("isn't received with a maximum of %s", async (max) => {
      await expect(receive(max)).rejects.toMatchObject({ code: "queue-argument" });
    });

    test.each([0, 43_201, 1.5, NaN])("isn't received for %s seconds", async (visibilitySeconds) => {
      const receiving = under.queue.receive("live", { max: 1, visibilitySeconds });
      await expect(receiving).rejects.toMatchObject({ code: "queue-argument" });
    });
  });

  describe(`${name}: the order`, () => {
    test("is that in which messages became visible", async () => {
      await send([{ body: "at 20", delaySeconds: 20 }, { body: "at 10", delaySeconds: 10 }, "at 0"]);
      await seconds(15);
      await send(["at 15"]);
      await seconds(10);
      expect(inOrder(await bodies())).toEqual(["at 0", "at 10", "at 15", "at 20"]);
    });

    test("has those that were given back behind those that waited", async () => {
      await send(["a", "b", "c"]);
      const first = await receiveOne();
      await under.queue.release([first], 0);
      expect(inOrder(await bodies())).toEqual(inOrder(["b", "c", "a"]));
    });

    test("is kept, and nothing is held up, when the clock is set back", async () => {
      await send(["a"]);
      under.time.step(-3_600_000);
      await send(["b"]);
      expect(inOrder(await bodies())).toEqual(["a", "b"]);
      if (under.capabilities.age === "known") expect((await under.queue.depth()).live.oldestAgeSeconds).toBe(0);
    });
  });

  test(`${name}: a delay of 15 minutes holds a message back for so long`, async () => {
    await send([{ body: "x", delaySeconds: 900 }]);
    await expectDepth("live", { delayed: 1 });
    under.time.step(899_999);
    expect(await receive()).toEqual([]);
    under.time.step(1);
    await expectDepth("live", { waiting: 1 });
    expect(await bodies()).toEqual(["x"]);
  });

  describe(`${name}: the lanes`, () => {
    test("don't know each other", async () => {
      await send(numbered(300, "bulk "), "bulk");
      await send(["live"]);
      expect(await bodies(1)).toEqual(["live"]);
      expect(await bodies()).toEqual([]);
      expect(await bodies(1, "bulk")).toEqual([
        expect.stringMatching(under.capabilities.order === "any" ? /^bulk/ : /^bulk 0$/),
      ]);
      await expectDepth("live", { inFlight: 1 });
      await expectDepth("bulk", { waiting: 299, inFlight: 1 });
    });

    test("are purged one at a time, with what is in flight", async () => {
      await send(["a", { body: "b", delaySeconds: 9 }, "c"]);
      await send(["d"], "bulk");
      const held = await receiveOne();
      await under.queue.purge("live", "messages");
      await expectDepth("live", {});
      await expectDepth("bulk", { waiting: 1 });
      expect(await under.queue.ack([held])).toEqual([{ kind: under.capabilities.lateAck }]);
      const [id] = await send(["e"]);
      expect(id).not.toBe(held.id);
      expect(await bodies()).toEqual(["e"]);
    });
  });

  describe(`${name}: depth and peek`, () => {
    test("count what waits, is delayed and is in flight, and how old the oldest is", async () => {
      await under.queue.depth().then(({ live }) => expect(live.oldestAgeSeconds).toBeUndefined());
      await send(["a", "b", "c", { body: "d", delaySeconds: 60 }]);
      await seconds(7);
      await send(["e"]);
      const age = under.capabilities.age === "known" ? 7 : undefined;
      const { waiting, delayed, inFlight, oldestAgeSeconds } = (await under.queue.depth()).live;
      expect({ waiting, delayed, inFlight, oldestAgeSeconds }).toEqual({
        waiting: 4,
        delayed: 1,
        inFlight: 0,
        oldestAgeSeconds: age,
      });
      await under.queue.ack([await receiveOne()]);
      const held = await receiveOne();
      await expectDepth("live", { waiting: 2, delayed: 1, inFlight: 1 });
      expect((await under.queue.depth()).live.oldestAgeSeconds).toBe(age);
      await under.queue.release([held], 5);
      const { releasedCount } = under.capabilities;
      await expectDepth("live", {
        waiting: 2,
        ...(releasedCount === "delayed" ? { delayed: 2 } : { delayed: 1, inFlight: 1 }),
      });
      await seconds(60);
      await expectDepth("live", { waiting: 4 });
    });

    test("show what would come next, and hold nothing", async () => {
      await send(["a", { body: "b", delaySeconds: 5 }, "c"]);
      const peeked = async (): Promise<readonly string[]> =>
        inOrder((await under.queue.peek("live", 2)).map(({ body, receives }) => `${body} ${receives}`));
      expect(await peeked()).toEqual(["a 0", "c 0"]);
      const gone = await receiveOne();
      await under.queue.ack([gone]);
      const left = gone.body === "a" ? "c" : "a";
      under.time.step(5000);
      // Where a peek counts, what was seen before has been received once.
      const seen = under.capabilities.peek === "counts" ? 1 : 0;
      expect(await peeked()).toEqual(inOrder([`${left} ${seen}`, "b 0"]));
      expect(await under.queue.peek("bulk", 2)).toEqual([]);
      expect(inOrder(await bodies())).toEqual(inOrder([left, "b"]));
    });
  });

  test(`${name}: other connections see what was sent, and hold what they receive`, async () => {
    const other = under.connect();
    await send(["a", "b"]);
    const [received] = await other.receive("live", { max: 1, visibilitySeconds: 30 });
    expect(inOrder([received?.body, ...(await bodies())])).toEqual(["a", "b"]);
    expect(await under.queue.ack(received === undefined ? [] : [received])).toEqual([{ kind: "done" }]);
    await expectDepth("live", { inFlight: 1 });
  });
}
