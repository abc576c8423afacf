import { describe, expect, test } from "vitest";

import { foreign, kinds, VISIBILITY_SECONDS } from "./queue-under-test.ts";
import type { QueueUnderTest } from "./queue-under-test.ts";

/** What a receipt is good for, and for how long. */
export function queueReceiptsContract(name: string, under: QueueUnderTest): void {
  const { send, receive, receiveOne, bodies, seconds, expectDepth } = under;

  describe(`${name}: a received message`, () => {
    test("is held for its visibility timeout, then comes again with another receipt", async () => {
      await send(["x"]);
      const first = await receiveOne();
      under.time.step(VISIBILITY_SECONDS * 1000 - 1);
      expect(await receive()).toEqual([]);
      under.time.step(1);
      const second = await receiveOne();
      expect(second).toEqual({ ...first, receives: 2, receipt: expect.any(String) });
      expect(second.receipt).not.toBe(first.receipt);
    });

    test("that is acked is gone for good", async () => {
      await send(["a", "b", "c"]);
      const [a, b, c] = await receive();
      expect(await kinds(under.queue.ack([a, c].flatMap((each) => each ?? [])))).toEqual(["done", "done"]);
      await seconds(VISIBILITY_SECONDS);
      expect((await receive()).map(({ id }) => id)).toEqual([b?.id]);
    });

    test("can be acked late, while nobody received it again", async () => {
      await send(["a", "b"]);
      const held = await receive();
      await seconds(VISIBILITY_SECONDS + 1);
      // It takes one, the first where there is an order; the other has been found to be visible, and stays.
      const again = await receiveOne();
      if (under.capabilities.order === "as visible") expect(again.id).toBe(held[0]?.id);
      const expected = held.map(({ id }) => (id === again.id ? under.capabilities.lateAck : "done"));
      expect(await kinds(under.queue.ack(held))).toEqual(expected);
      await expectDepth("live", { inFlight: 1 });
    });

    test("that is released comes again at once, or after a delay, and counts the receive", async () => {
      await send(["a", "b"]);
      const [a, b] = await receive();
      if (a === undefined || b === undefined) throw new Error("nothing to receive");
      expect(await kinds(under.queue.release([a], 0))).toEqual(["done"]);
      expect(await kinds(under.queue.release([b], 120))).toEqual(["done"]);
      const again = await receiveOne();
      expect(again).toMatchObject({ id: a.id, receives: 2 });
      await under.queue.ack([again]);
      under.time.step(119_999);
      expect(await receive()).toEqual([]);
      under.time.step(1);
      expect(await receiveOne()).toMatchObject({ id: b.id, receives: 2 });
    });

    test("that is extended is held from then on for so long", async () => {
      await send(["x"]);
      const held = await receiveOne();
      for (let beat = 0; beat < 3; beat++) {
        await seconds(VISIBILITY_SECONDS - 1);
        expect(await kinds(under.queue.extend([held], VISIBILITY_SECONDS))).toEqual(["done"]);
      }
      await under.queue.extend([held], 5);
      under.time.step(4999);
      expect(await receive()).toEqual([]);
      under.time.step(1);
      expect(await bodies()).toEqual(["x"]);
    });
  });

  describe(`${name}: a stale receipt`, () => {
    const KINDS = ["received again", "released", "acked", "never given"] as const;
    test.each(KINDS)("of a message that was %s does nothing, and says so", async (how) => {
      await send(["x"]);
      const held = await receiveOne();
      let stale = held;
      if (how === "received again") {
        await seconds(VISIBILITY_SECONDS);
        await receiveOne();
      } else if (how === "released") await under.queue.release([held], 600);
      else if (how === "acked") await under.queue.ack([held]);
      else stale = { ...held, ...foreign(held) };
      if (how === "released" && under.capabilities.releasedReceipt === "good") {
        expect(await kinds(under.queue.extend([stale], 60))).toEqual(["done"]);
        await expectDepth("live", { inFlight: 1 });
        return;
      }
      const before = await under.queue.depth();
      expect(await kinds(under.queue.ack([stale]))).toEqual([under.capabilities.lateAck]);
      expect(await kinds(under.queue.extend([stale], 60))).toEqual(["stale"]);
      expect(await kinds(under.queue.release([stale], 0))).toEqual(["stale"]);
      expect(await under.queue.discard(stale, "no")).toEqual({ kind: "stale" });
      expect(await under.queue.depth()).toEqual(before);
    });

    test.each(["", "x", "1.x", "99999999999999999999.1", "0.0"])("may be any text: %j", async (receipt) => {
      await send(["x"]);
      const held = await receiveOne();
      expect(await kinds(under.queue.ack([{ ...held, receipt }]))).toEqual(["stale"]);
      expect(await kinds(under.queue.ack([held]))).toEqual(["done"]);
    });

    test("of one lane does nothing in the other", async () => {
      await send(["x"]);
      await send(["y"], "bulk");
      const live = await receiveOne();
      await receiveOne("bulk");
      await under.queue.ack([live]);
      expect(await kinds(under.queue.ack([live]))).toEqual([under.capabilities.lateAck]);
      await expectDepth("bulk", { inFlight: 1 });
    });

    test("tells that ownership is lost, as soon as its time has passed", async () => {
      await send(["x", "y"]);
      const held = await receive();
      await seconds(VISIBILITY_SECONDS);
      expect(await kinds(under.queue.extend(held, 60))).toEqual(["stale", "stale"]);
      expect(await kinds(under.queue.release(held, 60))).toEqual(["stale", "stale"]);
      await expectDepth("live", { waiting: 2 });
    });
  });

  describe(`${name}: a batch of receipts`, () => {
    test("fails in parts, with results in its order, over both lanes", async () => {
      await send(["a", "b", "c"]);
      await send(["d", "e"], "bulk");
      const [a, b, c] = await receive();
      const [d, e] = await receive(2, "bulk");
      if (!a || !b || !c || !d || !e) throw new Error("nothing to receive");
      await under.queue.ack([b, d]);
      expect(await kinds(under.queue.ack([e, a, d, b, c, foreign(c)]))).toEqual([
        "done",
        "done",
        under.capabilities.lateAck,
        under.capabilities.lateAck,
        "done",
        under.capabilities.lateAck,
      ]);
      await expectDepth("live", {});
      await expectDepth("bulk", {});
    });

    test("may name a message twice", async () => {
      await send(["a"]);
      const held = await receiveOne();
      expect(await kinds(under.queue.ack([held, held]))).toEqual(["done", under.capabilities.lateAck]);
    });

    test.each([-1, 43_201, 1.5])("isn't released for %s seconds", async (delaySeconds) => {
      await send(["a"]);
      const held = await receiveOne();
      await expect(under.queue.release([held], delaySeconds)).rejects.toMatchObject({ code: "queue-argument" });
      await expect(under.queue.extend([held], delaySeconds)).rejects.toMatchObject({ code: "queue-argument" });
      await expectDepth("live", { inFlight: 1 });
    });
  });
}
