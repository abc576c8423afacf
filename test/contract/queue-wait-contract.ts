import { setImmediate } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import type { Received, ReceiveOptions } from "../../src/queue/queue.ts";
import type { QueueUnderTest } from "./queue-under-test.ts";

/** How soon after a message is there a wait must have ended. */
const LATENCY_MS = 15;

/** What a receive does that waits. */
export function queueWaitContract(name: string, under: QueueUnderTest): void {
  const { send, receiveOne, bodies, expectDepth } = under;

  /** Starts to wait; `ended` tells whether it still does. */
  const startWait = (options: Partial<ReceiveOptions> = {}, queue = under.queue) => {
    let ended: readonly string[] | undefined;
    const received = queue
      .receive("live", { max: 10, visibilitySeconds: 30, waitMs: 20_000, ...options })
      .then((messages: readonly Received[]) => (ended = messages.map(({ body }) => body)));
    return { received, ended: () => ended };
  };

  describe(`${name}: a receive that waits`, () => {
    test("ends with nothing when its time is over, and not before", async () => {
      const wait = startWait({ waitMs: 1000 });
      await under.time.pass(990);
      expect(wait.ended()).toBeUndefined();
      await under.time.pass(20);
      expect(wait.ended()).toEqual([]);
      expect(under.time.sleepers).toBe(0);
    });

    test("doesn't wait when there is something", async () => {
      await send(["a", "b"]);
      expect(await startWait().received).toEqual(["a", "b"]);
    });

    test("ends with what another connection sends, soon", async () => {
      const wait = startWait();
      await under.time.pass(5000);
      const other = under.connect();
      await other.send("live", [{ body: "x" }]);
      await under.time.pass(LATENCY_MS);
      expect(wait.ended()).toEqual(["x"]);
    });

    test("ends at once with what is sent through the same queue", async () => {
      const wait = startWait();
      await under.time.pass(5000);
      await send(["x"]);
      expect(await wait.received).toEqual(["x"]);
    });

    test.each(["a delay", "a visibility timeout", "a release"])("ends when %s is over", async (what) => {
      await send([{ body: "x", delaySeconds: what === "a delay" ? 10 : 0 }]);
      if (what !== "a delay") {
        const held = await under.queue.receive("live", { max: 1, visibilitySeconds: 10 });
        if (what === "a release") await under.queue.release(held, 10);
      }
      const wait = startWait();
      await under.time.pass(9990);
      expect(wait.ended()).toBeUndefined();
      await under.time.pass(10 + LATENCY_MS);
      expect(wait.ended()).toEqual(["x"]);
    });

    test("ends at once when a message is released", async () => {
      await send(["x"]);
      const held = await receiveOne();
      const wait = startWait();
      await under.queue.release([held], 0);
      expect(await wait.received).toEqual(["x"]);
    });

    test("ends at once when a dead letter is redriven", async () => {
      const [id = ""] = await send(["x"]);
      await under.queue.discard(await receiveOne(), "no");
      const wait = startWait();
      await under.queue.redrive("live", [id]);
      expect(await wait.received).toEqual(["x"]);
    });

    test("ends when a message's time is over that was cut short meanwhile", async () => {
      await send(["x"]);
      const held = await receiveOne();
      const wait = startWait();
      await under.queue.extend([held], 1);
      await under.time.pass(1000 + LATENCY_MS);
      expect(wait.ended()).toEqual(["x"]);
    });

    test("ends at once when its signal is aborted, and holds nothing", async () => {
      const stop = new AbortController();
      const wait = startWait({ signal: stop.signal });
      await under.time.pass(1000);
      stop.abort();
      expect(await wait.received).toEqual([]);
      await send(["x"]);
      await under.time.pass(1000);
      await expectDepth("live", { waiting: 1 });
    });

    test("never begins when its signal is aborted already", async () => {
      await send(["x"]);
      expect(await startWait({ signal: AbortSignal.abort() }).received).toEqual([]);
      await expectDepth("live", { waiting: 1 });
    });

    test("hands out what comes at the moment of the abort, or leaves it", async () => {
      for (const isAbortFirst of [true, false]) {
        const stop = new AbortController();
        const wait = startWait({ signal: stop.signal });
        await under.time.pass(100);
        if (isAbortFirst) stop.abort();
        const sending = send(["x"]);
        if (!isAbortFirst) stop.abort();
        await sending;
        // What came to nobody is given back.
        await under.time.pass(0);
        const handedOut = await wait.received;
        const left = await bodies();
        expect([...handedOut, ...left]).toEqual(["x"]);
        under.reset();
      }
    });

    test("ends when the queue is closed; afterwards everything is refused", async () => {
      const wait = startWait();
      await under.time.pass(100);
      under.queue[Symbol.dispose]();
      expect(await wait.received).toEqual([]);
      await expect(send(["x"])).rejects.toMatchObject({ code: "queue-closed" });
      await expect(under.queue.depth()).rejects.toMatchObject({ code: "queue-closed" });
    });

    test("leaves a message to one of many", async () => {
      const waits = Array.from({ length: 5 }, () => startWait({ max: 1 }));
      await under.time.pass(100);
      await send(["a", "b"]);
      await setImmediate();
      await under.time.pass(LATENCY_MS);
      const got = waits.flatMap((wait) => wait.ended() ?? []);
      expect(got.toSorted()).toEqual(["a", "b"]);
      await under.time.pass(20_000);
      expect(waits.filter((wait) => wait.ended()?.length === 0)).toHaveLength(3);
    });
  });
}
