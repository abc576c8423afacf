import type { PageKey } from "../../src/core/page.ts";
import { pressPages } from "../../src/press/press-pages.ts";
import type { PressContext, Pressed } from "../../src/press/press-pages.ts";
import type { BatchOptions, PressPool } from "../../src/press/press-pool.ts";
import { relayOutbox } from "../../src/press/publish.ts";
import { LaneQueue } from "../../src/queue/lane-queue.ts";
import type { Lane, Queue, Received, ReceiveOptions } from "../../src/queue/queue.ts";
import type { Site } from "../../src/site/site.ts";
import type { Snapshot, SourceReader } from "../../src/source/source.ts";
import { MemorySnapshot } from "./memory-snapshot.ts";
import type { SimManifest } from "./sim-manifest.ts";
import { Killed } from "./scheduler.ts";
import type { SimProcess } from "./scheduler.ts";
import { SimObjects } from "./sim-objects.ts";
import { SimStore } from "./sim-store.ts";
import { fingerprintsOf, siteOf } from "./site.ts";
import type { World } from "./world.ts";

/** What a fingerprint is taken of, for `registerTemplates`. */
export const templatesRead = (set: number) => ({
  routes: fingerprintsOf(set),
  assets: new Map<string, string>(),
  usersOf: () => new Set<string>(),
});

class SimQueue extends LaneQueue {
  readonly #process: SimProcess;

  constructor(world: World, process: SimProcess) {
    super(world.lanes, { clock: world.scheduler.clock, sleep: process.sleep });
    this.#process = process;
  }

  override receive(lane: Lane, options: ReceiveOptions): Promise<readonly Received[]> {
    return this.#process.listening(options.signal, (signal) => super.receive(lane, { ...options, signal }));
  }
}

/** The queue as one process has it open: each call goes on when the scheduler says so, and so does what it gives. */
function openQueue(world: World, process: SimProcess): Queue {
  const queue = new SimQueue(world, process);
  const calls = new Set<unknown>(["send", "receive", "ack", "release", "extend", "discard", "depth"]);
  return new Proxy<Queue>(queue, {
    get: (_, name) => {
      const method: unknown = Reflect.get(queue, name, queue);
      if (typeof method !== "function") return method;
      if (!calls.has(name)) return method.bind(queue);
      return async (...given: unknown[]): Promise<unknown> => {
        await process.turn(String(name));
        const result: unknown = await Reflect.apply(method, queue, given);
        await process.turn(`${String(name)}, answered`);
        return result;
      };
    },
  });
}

/** Snapshots of the source, as new as they get, or as they were a while ago. */
export class SimReader implements SourceReader {
  readonly #world: World;
  readonly #lagMs: number;
  version = 0;

  constructor(world: World, lagMs: number) {
    this.#world = world;
    this.#lagMs = lagMs;
  }

  snapshot(): Snapshot {
    const { source, running } = this.#world;
    running.check();
    this.#world.mayMissSource();
    const newest = source.version();
    const lags = this.#lagMs > 0 && newest > this.version && this.#world.chance.happens(0.5);
    this.version = lags && source.has(newest - 1) ? Math.max(this.version, newest - 1) : newest;
    return new MemorySnapshot(this.version, source.at(this.version));
  }

  [Symbol.dispose](): void {
    // It has nothing but memory.
  }
}

/** A site as a process has it, with the set of templates that it started with. */
export class OpenedSite {
  readonly world: World;
  readonly process: SimProcess;
  readonly site: Site;
  readonly set: number;
  readonly manifest: SimManifest;
  readonly store: SimStore;
  readonly queue: Queue;
  readonly clock: () => number;

  constructor(world: World, process: SimProcess, manifest: SimManifest, isFlaky = false) {
    this.world = world;
    this.process = process;
    this.set = world.templateSet;
    this.site = siteOf(this.set, async (label) => {
      await process.turn(label);
      if (!isFlaky || !world.chance.happens(world.faults.flaky)) return;
      world.counts.add("flaky renders");
      throw new Error("it fails this time");
    });
    this.manifest = manifest;
    this.store = new SimStore(world, process.name);
    this.queue = openQueue(world, process);
    const skew = world.faults.clockMs === 0 ? 0 : world.chance.between(-world.faults.clockMs, world.faults.clockMs);
    this.clock = () => world.scheduler.clock() + skew;
  }

  readonly relay = async (): Promise<void> => {
    await this.process.turn("relay");
    const report = await relayOutbox(this.world.source.outbox, this.queue);
    if (report.error !== undefined) throw report.error;
  };

  pool(epochs: ReadonlyMap<string, number>, epoch: number, isFirstBuild: boolean, signal: AbortSignal): PressPool {
    const threads = Array.from(
      { length: this.world.faults.threads },
      (_, number) => new SimThread(this, number, epochs, epoch, isFirstBuild, signal),
    );
    let next = 0;
    return {
      size: threads.length,
      press: async (keys, options) => {
        const thread = threads[next++ % threads.length];
        if (thread === undefined) throw new Error("a pool without threads");
        return thread.press(keys, options);
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}

/** A thread presses one batch after the other, and snapshots are its own. */
class SimThread {
  readonly #opened: OpenedSite;
  readonly #context: PressContext;
  readonly #signal: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    opened: OpenedSite,
    number: number,
    epochs: ReadonlyMap<string, number>,
    epoch: number,
    isFirstBuild: boolean,
    signal: AbortSignal,
  ) {
    const { world, process, site, manifest, clock } = opened;
    const reader = new SimReader(world, 0);
    this.#opened = opened;
    this.#signal = signal;
    this.#context = {
      site,
      renderer: { render: () => "", brokenBy: () => [] },
      assets: new Map(),
      useAsset: () => undefined,
      reader,
      manifest,
      store: new SimStore(world, `${process.name}-${number}`),
      objects: world.isObjects ? new SimObjects(world, process) : undefined,
      staticKeys: new Set(),
      isFirstBuild,
      epochs,
      epoch,
      clock,
      onPage: () => undefined,
      inTurn: (work) => {
        process.check();
        world.pressVersion = reader.version;
        try {
          return work();
        } finally {
          world.pressVersion = undefined;
        }
      },
    };
  }

  async press(keys: readonly PageKey[], options: BatchOptions): Promise<Pressed> {
    const { process, world } = this.#opened;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      await process.turn("press");
      const pressed = await pressPages(this.#context, keys, { ...options, signal: this.#signal });
      for (const outcome of pressed.outcomes) {
        world.counts.add(`pages ${outcome.kind}`);
        world.trace(`${process.name} ${JSON.stringify(outcome)}`);
      }
      await process.turn("pressed");
      return pressed;
    } catch (error) {
      if (error instanceof Killed) return await process.turn("dead").then(() => Promise.reject(error));
      throw error;
    } finally {
      resolve();
    }
  }
}
