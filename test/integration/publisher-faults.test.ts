import { join } from "node:path";

import { expect, test } from "vitest";

import { machineError } from "../../src/cli/machine-error.ts";
import { decodeChange } from "../../src/core/change-event.ts";
import { RekilnError } from "../../src/core/errors.ts";
import { isPassing } from "../../src/core/passing-error.ts";
import { relayOutbox } from "../../src/press/publish.ts";
import { Publisher } from "../../src/press/publisher.ts";
import type { Queue, SendResult } from "../../src/queue/queue.ts";
import { SqliteQueue } from "../../src/queue/sqlite-queue.ts";
import { EmbeddedSource } from "../../src/source/embedded-source.ts";
import { OutageFile } from "../../src/system/outage-file.ts";
import { modelsOf } from "../contract/embedded-harness.ts";
import { FaultyDisk } from "../support/faulty-disk.ts";
import type { DiskFault } from "../support/faulty-disk.ts";
import { memoryFolder } from "../support/memory-folder.ts";

const MODELS = modelsOf({ film: ["genres"] });
const MINUTE_MS = 60_000;
const DOWN = new RekilnError({ code: "queue-io", message: "The queue is down.", disposition: "retry" });
const UNWRITABLE = Object.assign(new Error("attempt to write a readonly database"), { errcode: 8 });

class FlakyQueue extends SqliteQueue {
  isDown = false;

  override async send(...[lane, messages]: Parameters<Queue["send"]>): Promise<readonly SendResult[]> {
    if (this.isDown) throw DOWN;
    return super.send(lane, messages);
  }
}

/** A process that publishes, over files. */
class Publishing implements Disposable {
  readonly source: EmbeddedSource;
  readonly queue: FlakyQueue;
  readonly marker: OutageFile;
  readonly publisher: Publisher;
  isStorable = true;

  constructor(folder: string, clock: () => number) {
    this.marker = new OutageFile({ state: folder, directory: join(folder, "dist") });
    this.queue = new FlakyQueue(folder, { clock, sleep: async () => undefined });
    this.source = new EmbeddedSource({ file: join(folder, "entities.db"), models: MODELS, firstVersion: 0, clock });
    this.publisher = new Publisher({
      marker: this.marker,
      clock,
      random: () => 0.5,
      relay: async () => relayOutbox(this.source.outbox, this.queue, { batchRows: 2 }),
      recover: async () => {
        const [result] = await this.queue.send("bulk", [{ body: "everything" }]);
        if (result?.kind !== "sent") throw result?.error ?? DOWN;
      },
    });
  }

  [Symbol.dispose](): void {
    this.source[Symbol.dispose]();
    this.queue[Symbol.dispose]();
  }
}

/** Tells a site of changes while queue and outbox come and go, and what was told must never be lost. */
class Telling {
  nowMs = Date.UTC(2026, 0, 1);
  readonly disk: FaultyDisk;
  readonly #folder = memoryFolder();
  #process: Publishing | undefined;
  #number = 0;
  /** Newest version of each entity that publishing said it had stored. */
  readonly #stored = new Map<string, number>();
  /** When publishing said last that something is marked. */
  #markedAt = Number.NEGATIVE_INFINITY;

  constructor() {
    this.disk = new FaultyDisk(this.#folder);
  }

  get #running(): Publishing {
    this.#process ??= new Publishing(this.#folder, () => this.nowMs);
    return this.#process;
  }

  readonly tell = (id: string) => async (): Promise<void> => {
    const { publisher, source, isStorable } = this.#running;
    const genres = [`g${this.#number++}`];
    const isStored = await publisher.publish(async () => {
      if (!isStorable) throw UNWRITABLE;
      await source.apply([{ kind: "put", type: "film", input: { id, genres } }]);
    });
    if (isStored) this.#stored.set(id, source.version());
    else this.#markedAt = this.nowMs;
  };

  readonly step = (minutes: number) => async (): Promise<void> => {
    this.nowMs += minutes * MINUTE_MS;
    const report = await this.#running.publisher.step();
    if (report?.error !== undefined && report.error !== DOWN) throw report.error;
  };

  readonly set = (isQueueThere: boolean, isStorable: boolean) => async (): Promise<void> => {
    this.#running.queue.isDown = !isQueueThere;
    this.#running.isStorable = isStorable;
  };

  /** Through all states: the queue takes changes, doesn't, they can't even be stored, and all is well again. */
  get story(): readonly (() => Promise<void>)[] {
    const { tell, step, set } = this;
    const usual = [tell("a"), tell("b"), step(1)];
    const spool = [set(false, true), tell("b"), tell("c"), tell("b"), tell("d"), step(0), step(1)];
    const interval = [set(false, false), tell("e"), step(1), tell("f"), set(true, true)];
    return [...usual, ...spool, ...interval, step(1), tell("a"), step(11), step(1)];
  }

  /** The process is gone, and another one begins, with all in order. */
  restart(): void {
    this.disk.restart();
    this.#process = undefined;
  }

  /** Goes on until nothing is left to be told. */
  async finish(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await this.step(11)();
    const { publisher, source, marker, queue } = this.#running;
    expect([publisher.state, source.outbox.count(), marker.read()]).toEqual(["ok", 0, undefined]);
    const told = new Map<string, number>();
    for (const { body } of await queue.peek("live", 1000)) {
      const decoded = decodeChange(body);
      if (!decoded.ok) throw new Error(decoded.problem);
      const { id, version } = decoded.event;
      told.set(id, Math.max(version ?? 0, told.get(id) ?? 0));
    }
    await source.refresh(() => undefined, new AbortController().signal);
    // Whatever stands in the source was told of, also what was stored just before the end.
    const changes = new Map(source.changesSince(0)?.map(({ id, version }) => [id, version]));
    for (const [id, version] of [...this.#stored, ...changes]) expect(told.get(id), id).toBeGreaterThanOrEqual(version);
    for (const [id, version] of this.#stored) expect(changes.get(id), id).toBeGreaterThanOrEqual(version);
    const passes = await queue.peek("bulk", 1000);
    if (passes.length === 0) expect(this.#markedAt).toBe(Number.NEGATIVE_INFINITY);
    else expect(Math.max(...passes.map(({ sentAt }) => sentAt))).toBeGreaterThanOrEqual(this.#markedAt);
  }

  [Symbol.dispose](): void {
    this.#process?.[Symbol.dispose]();
    this.disk[Symbol.dispose]();
  }
}

function saysWhatToDo(error: unknown): boolean {
  return (error instanceof RekilnError && error.hint !== undefined) || machineError(error) !== undefined;
}

/** Tells the story with a fault at one write. @returns which write that was; undefined when there are fewer */
async function tellWithFault(kind: DiskFault, at: number): Promise<string | undefined> {
  using telling = new Telling();
  telling.disk.arm(kind, at);
  for (const act of telling.story) {
    try {
      await act();
    } catch (error) {
      if (kind === "killed") break;
      expect(saysWhatToDo(error), String(error)).toBe(true);
      expect(isPassing(error), String(error)).toBe(true);
      await act();
    }
  }
  const { hit } = telling.disk;
  if (kind === "killed") telling.restart();
  await telling.finish();
  return hit;
}

test.each(["killed", "full"] as const)(
  "%s at any of its writes, a publisher loses nothing that it said it has, in any of its states",
  async (kind) => {
    const hits: string[] = [];
    for (;;) {
      const hit = await tellWithFault(kind, hits.length).catch((error: unknown) => {
        throw new Error(`at write ${hits.length}, after ${hits.at(-1)}`, { cause: error });
      });
      if (hit === undefined) break;
      hits.push(hit);
    }
    for (const write of ["change", "message", "outage", "queued = 1"]) expect(hits.join("\n")).toContain(write);
    expect(hits.length).toBeGreaterThan(80);
  },
);
