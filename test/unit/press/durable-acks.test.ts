import { expect, test } from "vitest";

import { DurableAcks } from "../../../src/press/durable-acks.ts";
import type { Received } from "../../../src/queue/queue.ts";

function message(id: string): Received {
  return { lane: "bulk", id, body: "{}", receives: 1, sentAt: 0, receipt: id };
}

/** Acks over a sync that ends when it is told to, with all that happens in order. */
class Harness {
  readonly log: string[] = [];
  readonly failures: unknown[] = [];
  readonly acks: DurableAcks;
  nowMs = 0;
  #ends: PromiseWithResolvers<void>[] = [];
  #begun = Promise.withResolvers<void>();

  constructor() {
    this.acks = new DurableAcks({
      clock: () => this.nowMs,
      sleep: async (ms, signal) => {
        this.log.push(`sleep ${ms}`);
        if (signal?.aborted === true) return;
        await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
      },
      sync: async () => {
        this.log.push("sync begins");
        const end = Promise.withResolvers<void>();
        this.#ends.push(end);
        this.#begun.resolve();
        await end.promise;
        this.log.push("sync ends");
      },
      ack: async (messages) => void this.log.push(`ack ${messages.map(({ id }) => id).join(" ")}`),
      onFailure: async (error, messages) => {
        this.failures.push(error);
        this.log.push(`failed ${messages.map(({ id }) => id).join(" ")}`);
      },
    });
  }

  /** Lets the next sync end, once it has begun. */
  async endSync(failure?: Error): Promise<void> {
    await this.#begun.promise;
    this.#begun = Promise.withResolvers<void>();
    const end = this.#ends.shift();
    if (failure === undefined) end?.resolve();
    else end?.reject(failure);
  }
}

test("acks a message only after a sync that began when its work was done", async () => {
  const harness = new Harness();
  harness.acks.add([message("1")]);
  expect(harness.log).toEqual(["sync begins"]);
  // This one's pages may not be part of the sync that is under way.
  harness.acks.add([message("2")]);
  const finished = harness.acks.finish();
  await harness.endSync();
  await harness.endSync();
  await finished;
  const waits = harness.log.filter((line) => !line.startsWith("sleep"));
  expect(waits).toEqual(["sync begins", "sync ends", "ack 1", "sync begins", "sync ends", "ack 2"]);
});

test("what is done while others wait shares one sync", async () => {
  const harness = new Harness();
  harness.acks.add([message("1")]);
  await harness.endSync();
  for (const id of ["2", "3", "4"]) harness.acks.add([message(id)]);
  const finished = harness.acks.finish();
  await harness.endSync();
  await finished;
  expect(harness.log.filter((line) => line.startsWith("ack"))).toEqual(["ack 1", "ack 2 3 4"]);
});

test("what can't be synced isn't acked", async () => {
  const harness = new Harness();
  harness.acks.add([message("1")]);
  await harness.endSync(new Error("the disk is gone"));
  await harness.acks.finish();
  expect(harness.log).toEqual(["sync begins", "failed 1"]);
  expect(harness.failures).toEqual([new Error("the disk is gone")]);
});

test("messages that come when all others are acked are acked too", async () => {
  const harness = new Harness();
  for (const id of ["1", "2", "3"]) {
    harness.nowMs += 1000;
    harness.acks.add([message(id)]);
    await harness.endSync();
    await harness.acks.finish();
  }
  expect(harness.log.filter((line) => !line.startsWith("sync"))).toEqual(["ack 1", "ack 2", "ack 3"]);
});
