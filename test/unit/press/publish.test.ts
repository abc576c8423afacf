import { join } from "node:path";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";

import { decodeChange } from "../../../src/core/change-event.ts";
import { RekilnError } from "../../../src/core/errors.ts";
import { relayOutbox } from "../../../src/press/publish.ts";
import { MemoryQueue } from "../../../src/queue/memory-queue.ts";
import type { Queue, SendResult } from "../../../src/queue/queue.ts";
import type { EmbeddedSource } from "../../../src/source/embedded-source.ts";
import { EmbeddedSource as Embedded } from "../../../src/source/embedded-source.ts";
import type { Outbox } from "../../../src/source/outbox.ts";
import { modelsOf, openEmbedded } from "../../contract/embedded-harness.ts";
import { memoryFolder } from "../../support/memory-folder.ts";

const MODELS = modelsOf({ film: ["genres"] });
const BROKEN = new RekilnError({ code: "queue-full", message: "The disk is full.", disposition: "retry" });

/** A queue in memory that fails the sends that it is told to. */
class FailingQueue extends MemoryQueue {
  /** By place in all that was ever sent. */
  fails: (place: number) => boolean = () => false;
  #place = 0;

  constructor() {
    super({ clock: () => 0, sleep: async () => undefined });
  }

  override async send(...[lane, messages]: Parameters<Queue["send"]>): Promise<readonly SendResult[]> {
    const results: SendResult[] = [];
    for (const message of messages) {
      if (this.fails(this.#place++)) results.push({ kind: "failed", error: BROKEN });
      else results.push(...(await super.send(lane, [message])));
    }
    return results;
  }
}

describe("relaying the outbox", () => {
  let folder: string;
  let source: EmbeddedSource;
  let queue: FailingQueue;

  beforeEach(() => {
    folder = memoryFolder();
    source = openEmbedded(folder, MODELS);
    queue = new FailingQueue();
    onTestFinished(() => queue[Symbol.dispose]());
  });

  const put = async (id: string, genres: unknown = []): Promise<void> => {
    await source.apply([{ kind: "put", type: "film", input: { id, genres } }]);
  };
  const queued = async (): Promise<readonly { readonly id: string; readonly version: number | undefined }[]> => {
    const messages = await queue.peek("live", 10_000);
    return messages.map(({ body }) => {
      const decoded = decodeChange(body);
      if (!decoded.ok) throw new Error(decoded.problem);
      return decoded.event;
    });
  };

  test("sends the changes of one entity in one event, and then nothing more", async () => {
    await put("1", ["x"]);
    await put("2");
    await put("1", ["y"]);
    expect(await relayOutbox(source.outbox, queue)).toEqual({
      sent: 2,
      waiting: 0,
      tooLarge: 0,
      error: undefined,
      needsBuild: false,
    });
    expect(JSON.parse(JSON.stringify(await queued()))).toMatchObject([
      { id: "1", version: 3, before: [null, { fields: { genres: ["x"] } }] },
      { id: "2", version: 2, before: [null] },
    ]);
    expect((await queued())[0]).toMatchObject({ fields: undefined });
    expect(await relayOutbox(source.outbox, queue)).toMatchObject({ sent: 0, waiting: 0 });
    await put("1", ["z"]);
    expect(await relayOutbox(source.outbox, queue)).toMatchObject({ sent: 1 });
    expect((await queued()).at(-1)).toMatchObject({ id: "1", version: 4, fields: ["genres"] });
  });

  test(
    "marks what was sent and nothing else, for every way in which a batch can fail",
    { timeout: 120_000 },
    async () => {
      const places = Array.from({ length: 10 }, (_, place) => place);
      for (let mask = 0; mask < 1024; mask++) {
        await source.apply(places.map((id) => ({ kind: "touch", type: "film", id: `${mask}-${id}` }) as const));
        let place = 0;
        queue.fails = () => (mask & (1 << place++)) !== 0;
        const report = await relayOutbox(source.outbox, queue);
        const failed = places.filter((bit) => (mask & (1 << bit)) !== 0);
        expect(report).toMatchObject({
          sent: 10 - failed.length,
          waiting: failed.length,
          error: failed.length === 0 ? undefined : BROKEN,
        });
        expect((await queued()).length).toBe(10 - failed.length);
        expect(source.outbox.waiting(0, 100).changes.map(({ change }) => change.id)).toEqual(
          failed.map((id) => `${mask}-${id}`),
        );
        queue.fails = () => false;
        expect(await relayOutbox(source.outbox, queue)).toMatchObject({ sent: failed.length, waiting: 0 });
        await queue.purge("live", "messages");
      }
    },
  );

  test("goes on with later batches where one failed in part, and stops where nothing is taken", async () => {
    for (let id = 0; id < 6; id++) await put(String(id));
    queue.fails = (place) => place === 1;
    expect(await relayOutbox(source.outbox, queue, { batchRows: 2 })).toMatchObject({ sent: 5, waiting: 1 });
    for (let id = 10; id < 14; id++) await put(String(id));
    let asked = 0;
    queue.fails = () => ++asked > 0;
    expect(await relayOutbox(source.outbox, queue, { batchRows: 2 })).toMatchObject({
      sent: 0,
      waiting: 5,
      error: BROKEN,
    });
    expect(asked).toBe(2);
  });

  test("marks a change that takes several events only when all of them were taken", async () => {
    for (let n = 0; n < 60; n++) await put("1", [`${n}`.repeat(2000)]);
    queue.fails = (place) => place === 1;
    expect(await relayOutbox(source.outbox, queue)).toMatchObject({ waiting: 60, error: BROKEN });
    queue.fails = () => false;
    const { sent, waiting } = await relayOutbox(source.outbox, queue);
    expect(sent).toBeGreaterThan(1);
    expect(waiting).toBe(0);
  });

  test("leaves a change that no event can hold where it is, and sends the others", async () => {
    await put("x".repeat(70_000));
    await put("2");
    for (const sent of [1, 0]) {
      expect(await relayOutbox(source.outbox, queue)).toMatchObject({
        sent,
        tooLarge: 1,
        waiting: 1,
        error: undefined,
      });
    }
  });

  test("loses nothing when it ends between the send and the mark", async () => {
    await put("1");
    const killed: Outbox = {
      waiting: (after, limit) => source.outbox.waiting(after, limit),
      markQueued: () => {
        throw new Error("killed");
      },
      count: () => source.outbox.count(),
      needsBuild: () => source.outbox.needsBuild(),
    };
    await expect(relayOutbox(killed, queue)).rejects.toThrow("killed");
    expect(source.outbox.count()).toBe(1);
    expect(await relayOutbox(source.outbox, queue)).toMatchObject({ sent: 1, waiting: 0 });
    expect((await queued()).map(({ id }) => id)).toEqual(["1", "1"]);
  });

  test("says that a full disk can't note what was sent, though all of it was", async () => {
    await put("1");
    const full: Outbox = {
      waiting: (after, limit) => source.outbox.waiting(after, limit),
      markQueued: () => {
        throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
      },
      count: () => source.outbox.count(),
      needsBuild: () => source.outbox.needsBuild(),
    };
    const report = await relayOutbox(full, queue);
    expect(report).toMatchObject({ sent: 1, waiting: 1, error: { code: "outbox-unmarked", disposition: "retry" } });
  });

  test("by two at once, while others write, loses nothing", async () => {
    using other = new Embedded({ file: join(folder, "entities.db"), models: MODELS, firstVersion: 0 });
    const relayed: Promise<unknown>[] = [];
    for (let id = 0; id < 60; id++) {
      await put(String(id));
      relayed.push(relayOutbox(id % 2 === 0 ? source.outbox : other.outbox, queue, { batchRows: 3 }));
    }
    await Promise.all(relayed);
    expect(await relayOutbox(source.outbox, queue)).toMatchObject({ waiting: 0 });
    expect(new Set((await queued()).map(({ id }) => id)).size).toBe(60);
  });

  test("stops between two batches when it is told to", async () => {
    for (let id = 0; id < 4; id++) await put(String(id));
    expect(await relayOutbox(source.outbox, queue, { signal: AbortSignal.abort() })).toMatchObject({
      sent: 0,
      waiting: 4,
    });
  });
});
