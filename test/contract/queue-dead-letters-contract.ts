import { describe, expect, test } from "vitest";

import { VISIBILITY_SECONDS } from "./queue-under-test.ts";
import type { QueueUnderTest } from "./queue-under-test.ts";

/** What is given up, and how it comes back. */
export function queueDeadLettersContract(name: string, under: QueueUnderTest): void {
  const { send, receive, receiveOne, bodies, seconds, expectDepth, inOrder } = under;

  const discardAll = async (bodies: readonly string[], reason = "no"): Promise<readonly string[]> => {
    const ids = await send(bodies);
    for (const received of await receive()) await under.queue.discard(received, reason);
    return ids;
  };

  /** Receives a message so often, and lets its time pass. */
  const exhaust = async (receives: number): Promise<void> => {
    for (let n = 1; n <= receives; n++) {
      expect((await receiveOne()).receives).toBe(n);
      await seconds(VISIBILITY_SECONDS);
    }
  };

  describe(`${name}: a message that is discarded`, () => {
    test("is among the dead letters with its reason, and isn't received again", async () => {
      const sentAt = under.time.clock();
      const [id = ""] = await send(["x"]);
      await seconds(3);
      expect(await under.queue.discard(await receiveOne(), "no such entity type: flim")).toEqual({ kind: "done" });
      await seconds(VISIBILITY_SECONDS);
      expect(await receive()).toEqual([]);
      await expectDepth("live", { dead: 1 });
      expect((await under.queue.depth()).live.oldestAgeSeconds).toBeUndefined();
      const letter = { lane: "live", id, body: "x", receives: 1, sentAt, deadAt: sentAt + 3000 };
      expect(await under.queue.deadLetters("live", { limit: 10 })).toEqual([
        { ...letter, reason: "no such entity type: flim" },
      ]);
      expect(await under.queue.deadLetters("bulk", { limit: 10 })).toEqual([]);
    });

    test.each([
      ["long", "é".repeat(5000), "é".repeat(1000)],
      ["cut within a pair", `${"x".repeat(999)}🎬`, `${"x".repeat(999)}\uFFFD`],
      ["with control characters", "a\0b\u001B[31m", "a\uFFFDb\uFFFD[31m"],
      ["empty", "", ""],
    ])("has a reason that can be kept: %s", async (_, reason, kept) => {
      await discardAll(["x"], reason);
      expect(await under.queue.deadLetters("live", { limit: 1 })).toMatchObject([{ reason: kept }]);
    });
  });

  describe(`${name}: a message that nobody acks`, () => {
    test("is received five times, then goes to the dead letters instead", async () => {
      await send(["x"]);
      await exhaust(5);
      await expectDepth("live", { waiting: 1 });
      expect(await receive()).toEqual([]);
      await expectDepth("live", { dead: 1 });
      expect(await under.queue.deadLetters("live", { limit: 1 })).toMatchObject([
        { body: "x", receives: 5, reason: "received 5 times and never acked" },
      ]);
    });

    test("can be acked until the last time is over and somebody asks for it", async () => {
      under.reset(1);
      await send(["x"]);
      const held = await receiveOne();
      await seconds(VISIBILITY_SECONDS);
      expect(await under.queue.ack([held])).toEqual([{ kind: "done" }]);
      await expectDepth("live", {});
    });

    test("makes way for others, as often as is set", async () => {
      under.reset(2);
      await send(["a", "b", "c"]);
      await receive();
      await seconds(VISIBILITY_SECONDS);
      await receive();
      await send(["d"]);
      await seconds(VISIBILITY_SECONDS);
      expect(await bodies(1)).toEqual(["d"]);
      expect(await bodies(1)).toEqual([]);
      await expectDepth("live", { inFlight: 1, dead: 3 });
    });

    test("makes way also when all that one receive looks at are such", async () => {
      under.reset(1);
      await send(["a", "b", "c"]);
      await receive();
      await seconds(VISIBILITY_SECONDS);
      await send(["d"]);
      expect(await bodies(2)).toEqual(["d"]);
    });

    test("counts releases too", async () => {
      under.reset(2);
      await send(["x"]);
      await under.queue.release([await receiveOne()], 0);
      await under.queue.release([await receiveOne()], 0);
      expect(await receive()).toEqual([]);
      await expectDepth("live", { dead: 1 });
    });
  });

  describe(`${name}: dead letters`, () => {
    test("are listed in pages, in the order in which they were sent", async () => {
      const ids = await send(["a", "b", "c", "d", "e"]);
      for (const received of (await receive()).toReversed()) await under.queue.discard(received, "no");
      const pages: string[][] = [];
      let after: string | undefined;
      do {
        const page = await under.queue.deadLetters("live", { limit: 2, after });
        pages.push(page.map(({ id }) => id));
        after = page.at(-1)?.id;
      } while (after !== undefined);
      expect(pages.map(({ length }) => length)).toEqual([2, 2, 1, 0]);
      expect(inOrder(pages.flat())).toEqual(inOrder(ids));
    });

    test("are redriven by id, as new messages", async () => {
      const [a = "", b = "", c = ""] = await discardAll(["a", "b", "c"]);
      await seconds(100);
      expect(await under.queue.redrive("live", [c, a, "none", "0", c])).toBe(2);
      const received = await receive();
      const expected = ["c", "a"].map((body) => [body, 1, under.time.clock()]);
      expect(inOrder(received.map(({ body, receives, sentAt }) => [body, receives, sentAt]))).toEqual(
        inOrder(expected),
      );
      for (const { id } of received) expect([a, b, c]).not.toContain(id);
      expect(await under.queue.deadLetters("live", { limit: 9 })).toMatchObject([{ id: b }]);
      expect(await under.queue.redrive("bulk", [b])).toBe(0);
    });

    test("that are redriven can't be acked with an old receipt", async () => {
      await send(["x"]);
      const held = await receiveOne();
      await under.queue.discard(held, "no");
      await under.queue.redrive("live", "all");
      await receiveOne();
      expect(await under.queue.ack([held])).toEqual([{ kind: under.capabilities.lateAck }]);
      await expectDepth("live", { inFlight: 1 });
    });

    test("are redriven all at once, however many there are", async () => {
      const sent = Array.from({ length: 250 }, (_, n) => String(n));
      await send(sent);
      for (const received of await receive(250)) await under.queue.discard(received, "no");
      const redriving = under.queue.redrive("live", "all");
      await seconds(1);
      expect(await redriving).toBe(250);
      await expectDepth("live", { waiting: 250 });
      expect(inOrder(await bodies(250))).toEqual(inOrder(sent));
      expect(await under.queue.redrive("live", "all")).toBe(0);
    });

    test("die again as others do", async () => {
      under.reset(1);
      await send(["x"]);
      for (let round = 0; round < 2; round++) {
        await exhaust(1);
        expect(await receive()).toEqual([]);
        expect(await under.queue.redrive("live", "all")).toBe(1);
      }
      expect(await bodies()).toEqual(["x"]);
    });

    test("are purged, and nothing else is", async () => {
      await discardAll(["a", "b"]);
      await send(["c"]);
      await under.queue.purge("live", "dead");
      await expectDepth("live", { waiting: 1 });
      expect(await under.queue.deadLetters("live", { limit: 9 })).toEqual([]);
    });

    test("stay when messages are purged", async () => {
      await discardAll(["a"]);
      await under.queue.purge("live", "messages");
      await expectDepth("live", { dead: 1 });
    });
  });
}
