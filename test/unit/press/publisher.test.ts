import { describe, expect, test } from "vitest";

import type { ChangeEvent } from "../../../src/core/change-event.ts";
import { decodeChange } from "../../../src/core/change-event.ts";
import { RekilnError } from "../../../src/core/errors.ts";
import { Publisher } from "../../../src/press/publisher.ts";
import type { Outage } from "../../../src/press/publisher.ts";
import { relayOutbox } from "../../../src/press/publish.ts";
import { MemoryQueue } from "../../../src/queue/memory-queue.ts";
import type { Queue, SendResult } from "../../../src/queue/queue.ts";
import type { Edit } from "../../../src/source/edit.ts";
import type { EmbeddedSource } from "../../../src/source/embedded-source.ts";
import { modelsOf, openEmbedded } from "../../contract/embedded-harness.ts";
import { memoryFolder } from "../../support/memory-folder.ts";

const DOWN = new RekilnError({ code: "queue-io", message: "The queue is down.", disposition: "retry" });
const DISK_FULL = Object.assign(new Error("database or disk is full"), { errcode: 13 });

class FlakyQueue extends MemoryQueue {
  isDown = false;
  sends = 0;

  override async send(...[lane, messages]: Parameters<Queue["send"]>): Promise<readonly SendResult[]> {
    this.sends++;
    if (this.isDown) throw DOWN;
    return super.send(lane, messages);
  }
}

/** A publisher on a clock of the test's own. */
class Bench {
  nowMs = Date.UTC(2026, 0, 1);
  readonly queue = new FlakyQueue({ clock: () => this.nowMs, sleep: async () => undefined });
  readonly source: EmbeddedSource = openEmbedded(memoryFolder(), modelsOf({ film: ["genres"] }));
  marked: Outage | undefined;
  taken: Outage | undefined;
  /** Called while it is looked for what was marked. */
  onRecover = (): void => undefined;
  isMarkable = true;
  isStorable = true;
  passes = 0;
  readonly publisher = new Publisher({
    marker: {
      read: () => this.marked ?? this.taken,
      write: (outage) => {
        if (!this.isMarkable) throw new Error("read-only file system");
        this.marked = outage;
      },
      take: () => ([this.taken, this.marked] = [this.marked ?? this.taken, undefined]),
      clear: () => (this.taken = undefined),
    },
    clock: () => this.nowMs,
    random: () => 0.5,
    relay: async () => relayOutbox(this.source.outbox, this.queue),
    recover: async () => {
      this.passes++;
      this.onRecover();
    },
  });

  async put(...ids: readonly string[]): Promise<boolean> {
    return this.publisher.publish(async () => {
      if (!this.isStorable) throw DISK_FULL;
      const inputs = ids.map((id) => ({ id, genres: [], at: `${this.nowMs} ${id}` }));
      await this.source.apply(inputs.map((input) => ({ kind: "put", type: "film", input })));
    });
  }

  /** Tells of many at once. */
  async publish(count: number, hasChanged: (entity: number) => boolean): Promise<void> {
    const edits = Array.from({ length: count }, (_, entity): Edit => {
      const id = `f${entity}`;
      if (!hasChanged(entity)) return { kind: "touch", type: "film", id };
      return { kind: "put", type: "film", input: { id, genres: [], at: `${this.nowMs}` } };
    });
    await this.publisher.publish(async () => void (await this.source.apply(edits)));
  }

  async events(): Promise<readonly ChangeEvent[]> {
    const messages = await this.queue.peek("live", 1_000_000);
    return messages.map(({ body }) => {
      const decoded = decodeChange(body);
      if (!decoded.ok) throw new Error(decoded.problem);
      return decoded.event;
    });
  }
}

describe("a publisher", () => {
  test("spools while the queue is down, asks it ever more seldom, and replays all of it", async () => {
    const bench = new Bench();
    bench.queue.isDown = true;
    for (let second = 0; second < 150; second++) {
      expect(await bench.put(`f${second % 50}`)).toBe(true);
      await bench.publisher.step();
      bench.nowMs += 1000;
    }
    expect(bench.publisher.state).toBe("spool");
    expect(bench.queue.sends).toBeLessThan(20);
    bench.queue.isDown = false;
    bench.nowMs += 60_000;
    await bench.publisher.step();
    expect(bench.publisher.state).toBe("ok");
    expect(new Set((await bench.events()).map(({ id }) => id)).size).toBe(50);
  });

  test("marks what it can't store, and looks for it once, ten minutes after the last of it, however often it flaps", async () => {
    const bench = new Bench();
    for (let second = 0; second < 300; second++) {
      bench.isStorable = second % 2 === 0;
      expect(await bench.put(`f${second % 7}`)).toBe(bench.isStorable);
      if (second % 10 === 0) await bench.publisher.step();
      bench.nowMs += 1000;
    }
    expect([bench.publisher.state, bench.passes]).toEqual(["interval", 0]);
    for (let minute = 0; minute < 30; minute++) {
      bench.nowMs += 60_000;
      await bench.publisher.step();
    }
    expect([bench.publisher.state, bench.passes, bench.marked]).toEqual(["ok", 1, undefined]);
  });

  test("looks once more for what is marked while it looks, and for all of it when that failed", async () => {
    const bench = new Bench();
    bench.isStorable = false;
    await bench.put("f1");
    bench.nowMs += 11 * 60_000;
    bench.onRecover = () => {
      throw DOWN;
    };
    await expect(bench.publisher.step()).rejects.toBe(DOWN);
    bench.onRecover = () => (bench.marked = { since: bench.nowMs, until: bench.nowMs });
    await bench.publisher.step();
    expect([bench.publisher.state, bench.passes]).toEqual(["interval", 2]);
    bench.onRecover = () => undefined;
    bench.nowMs += 11 * 60_000;
    await bench.publisher.step();
    expect([bench.publisher.state, bench.passes, bench.marked, bench.taken]).toEqual(["ok", 3, undefined, undefined]);
  });

  test("throws when it can neither store nor mark, and never says that it did", async () => {
    const bench = new Bench();
    [bench.isStorable, bench.isMarkable] = [false, false];
    await expect(bench.put("f1")).rejects.toMatchObject({ code: "publish-not-durable" });
  });

  test("passes on what is wrong with a change itself", async () => {
    const bench = new Bench();
    const refused = new RekilnError({ code: "type-unknown", message: "no", disposition: "fatal" });
    await expect(bench.publisher.publish(async () => Promise.reject(refused))).rejects.toBe(refused);
    expect(bench.marked).toBeUndefined();
  });
});

/** The whole measure is 15, with 540,000 events: `npm run test:outage`. */
const HOURS = Number(process.env["REKILN_OUTAGE_HOURS"] ?? 3);

test(
  "hours of outage at ten events a second keep each entity, and no more than that",
  { timeout: 600_000 },
  async () => {
    const bench = new Bench();
    const entities = 600;
    bench.queue.isDown = true;
    for (let minute = 0; minute < HOURS * 60; minute++) {
      // Each is told of once a minute, and every tenth of them has changed.
      await bench.publish(entities, (entity) => (entity + minute) % 10 === 0);
      bench.nowMs += 60_000;
    }
    const { outbox } = bench.source;
    expect(outbox.needsBuild()).toBe(false);
    expect(outbox.count()).toBeLessThanOrEqual(150_000);
    expect(bench.source.version()).toBe(HOURS * 60);
    bench.queue.isDown = false;
    await bench.publisher.step();
    const newest = new Map((await bench.events()).map(({ id, version }) => [id, version]));
    expect(newest.size).toBe(entities);
    expect([...newest.values()].every((version) => version === HOURS * 60)).toBe(true);
    expect(outbox.count()).toBe(0);
  },
);
