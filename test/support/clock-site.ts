import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { json } from "../../src/core/json-template.ts";
import { findCarrier } from "../../src/core/stamp.ts";
import type { Stamp } from "../../src/core/stamp.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { build } from "../../src/press/build.ts";
import type { PressPool } from "../../src/press/press-pool.ts";
import { relayOutbox } from "../../src/press/publish.ts";
import { registerTemplates } from "../../src/press/site-record.ts";
import { sweep } from "../../src/press/sweep.ts";
import type { SweepOptions } from "../../src/press/sweep-context.ts";
import { NO_METRICS } from "../../src/press/work-metrics.ts";
import { work } from "../../src/press/work.ts";
import { MemoryQueue } from "../../src/queue/memory-queue.ts";
import { checkSite } from "../../src/site/check-site.ts";
import { defineSite, embedded } from "../../src/site/define-site.ts";
import { defineEntities, entity, unchecked } from "../../src/site/entities.ts";
import type { Site } from "../../src/site/site.ts";
import { EmbeddedSource } from "../../src/source/embedded-source.ts";
import { DirectoryPageStore } from "../../src/store/directory.ts";
import { openManifestOf } from "../../src/system/open-manifest.ts";
import { LOCAL_MANIFEST } from "../../src/site/check-manifest.ts";
import { openManifest, openRecord, withVersion } from "../../src/system/site-state.ts";
import { VirtualTime } from "../contract/queue-virtual-time.ts";
import { InlinePool } from "./inline-pool.ts";
import { RunningSweep } from "./running-sweep.ts";

export interface Item {
  readonly id: string;
  readonly published?: string;
  readonly expires?: string;
}

const silent = {
  phase: () => undefined,
  expect: () => undefined,
  records: () => undefined,
  outcomes: () => undefined,
};

/** A site of items that exist for a time, with a list of them, the day in three zones, and a page that says one thing until a time. */
function clockSite(until: string): Site {
  const entities = defineEntities({
    item: entity(unchecked<{ id: string; published?: string; expires?: string }>(), {
      publishAt: "published",
      expireAt: "expires",
    }),
  });
  const { route } = entities;
  const day = (zone: string) =>
    route({
      path: `/${zone.toLowerCase().replace("/", "-")}.json`,
      load: (read) => ({ day: read.now("day", zone).toISOString() }),
      template: json,
    });
  const checked = checkSite(
    defineSite({
      url: "https://clock.example",
      source: embedded(),
      entities,
      routes: {
        item: route({ each: "item", path: (item) => `/items/${item.id}.json`, template: json, load: () => ({}) }),
        list: route({
          path: "/list.json",
          sweep: "15min",
          load: async (read) => ({ ids: (await read.list("item", { orderBy: "id" })).map(({ id }) => id) }),
          template: json,
        }),
        utc: day("UTC"),
        berlin: day("Europe/Berlin"),
        santiago: day("America/Santiago"),
        sale: route({ path: "/sale.json", load: (read) => ({ on: read.until(until) }), template: json }),
      },
    }),
  );
  if ("problems" in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.site;
}

/** Such a site, built and worked on by a clock of the test's own. Each machine has a clock that may be wrong. */
export class ClockSite {
  readonly #time = new VirtualTime();
  /** How many presses fail from now on, as if the disk did. */
  diskFailures = 0;
  /** Whether time passes while workers wait. */
  timePasses = false;
  /** What workers said. */
  readonly warnings: string[] = [];
  readonly #root = join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `rekiln-clock-${randomUUID()}`);
  readonly #site: Site;
  readonly #queue: MemoryQueue;

  constructor(now: string, until = "2020-01-01") {
    this.nowMs = Date.parse(now);
    this.#site = clockSite(until);
    for (const folder of ["state", "dist"]) mkdirSync(join(this.#root, folder), { recursive: true });
    onTestFinished(() => rmSync(this.#root, { recursive: true, force: true }));
    this.#queue = new MemoryQueue({ clock: () => this.nowMs, sleep: async () => undefined });
  }

  get nowMs(): number {
    return this.#time.clock();
  }

  /** Sets the clock; nobody wakes. */
  set nowMs(ms: number) {
    this.#time.step(ms - this.#time.clock());
  }

  /** Lets time pass for sweeps that go on. */
  async pass(seconds: number): Promise<void> {
    await this.#time.pass(seconds * 1000);
  }

  /** What stands in a file, if it is there. */
  page(name: string): unknown {
    const text = this.#text(name);
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  }

  stampOf(name: string): Stamp | undefined {
    const text = this.#text(name);
    return text === undefined ? undefined : findCarrier("json", text)?.stamp;
  }

  #text(name: string): string | undefined {
    const file = join(this.#root, "dist", name);
    return existsSync(file) ? readFileSync(file, "latin1") : undefined;
  }

  async put(...items: readonly Item[]): Promise<void> {
    using source = this.#source(0);
    await source.apply(items.map((input) => ({ kind: "put", type: "item", input })));
  }

  async patch(id: string, fields: Omit<Item, "id">): Promise<string> {
    using source = this.#source(0);
    const [outcome] = await source.apply([{ kind: "patch", type: "item", id, fields }]);
    return outcome?.kind ?? "none";
  }

  async delete(id: string): Promise<void> {
    using source = this.#source(0);
    await source.apply([{ kind: "delete", type: "item", id }]);
  }

  #source(aheadMs: number): EmbeddedSource {
    const clock = (): number => this.nowMs + aheadMs;
    const file = join(this.#root, "state/entities.db");
    return new EmbeddedSource({ file, models: this.#site.entities, firstVersion: 0, clock });
  }

  /** What the queue holds, and what it gave up. */
  async depth(): Promise<{ readonly left: number; readonly dead: number }> {
    const { live, bulk } = await this.#queue.depth();
    const left = [live, bulk].reduce((sum, lane) => sum + lane.waiting + lane.delayed + lane.inFlight, 0);
    return { left, dead: live.dead + bulk.dead };
  }

  /** `rekiln build` */
  async build(): Promise<void> {
    await this.#run(0, async ({ source, manifest, store, pool, epochs, clock, signal }) => {
      source.turnTimes();
      using reader = source.reader();
      await build(
        {
          site: this.#site,
          source,
          reader,
          manifest,
          store,
          pool,
          staticKeys: new Set(),
          epochs,
          clock,
          progress: silent,
          signal,
        },
        { routes: undefined, isDryRun: false, isForced: false, maxDeletes: undefined, isFresh: false },
      );
    });
  }

  /** `rekiln work`, for as long as there is something to do now, on a machine whose clock is ahead. */
  async work(aheadMs = 0): Promise<void> {
    await this.#run(aheadMs, async ({ source, manifest, pool, epoch, clock, signal }) => {
      using reader = source.reader();
      await work(
        {
          site: this.#site,
          reader,
          manifest,
          pool,
          queue: this.#queue,
          epoch,
          clock,
          // The worker's heart beats by it too: time passes only where a test waits for it.
          sleep: async (ms) => void (this.nowMs += this.timePasses ? ms : 0),
          warn: (message) => this.warnings.push(message),
          random: () => 0.5,
          metrics: NO_METRICS,
          standing: () => ({ kind: "current" }),
          holder: "test",
          openReader: () => source.reader(),
          sync: async () => undefined,
          breathe: async () => undefined,
          knownBefore: () => [],
          haveOthersDied: () => false,
          relay: async () => {
            source.turnTimes();
            await relayOutbox(source.outbox, this.#queue);
          },
          settle: async () => undefined,
          onProgress: () => undefined,
        },
        { lanes: ["live", "bulk"], untilEmpty: true, maxDeletes: undefined, stop: signal, abort: signal },
      );
    });
  }

  /** `rekiln sweep`, which goes on while time passes. */
  sweep(options: Partial<SweepOptions> & Pick<SweepOptions, "periodSeconds">): RunningSweep {
    const stop = new AbortController();
    const running = new RunningSweep(() => stop.abort());
    const usual = { rate: undefined, once: false, isDeep: true, routes: undefined, maxDeletes: undefined };
    running.result = this.#run(0, async ({ source, manifest, store, pool, epochs, clock }) => {
      using reader = source.reader();
      return await sweep(
        {
          site: this.#site,
          source,
          outbox: source.outbox,
          reader,
          manifest,
          store,
          pool: running.watched(pool, clock),
          queue: this.#queue,
          epochs,
          clock,
          sleep: running.alive(this.#time.sleep),
          metrics: NO_METRICS,
          standing: () => ({ kind: "current" }),
          holder: randomUUID(),
          refresh: async () => undefined,
          settle: async () => undefined,
          onProgress: () => undefined,
          warn: (message) => this.warnings.push(message),
          onLate: (late, neededPerSecond) => running.late.push({ late, neededPerSecond }),
        },
        { ...usual, ...options, stop: stop.signal },
      );
    });
    return running;
  }

  async #run<T>(
    aheadMs: number,
    act: (opened: {
      readonly source: EmbeddedSource;
      readonly manifest: Manifest;
      readonly store: DirectoryPageStore;
      readonly pool: PressPool;
      readonly epoch: number;
      readonly epochs: ReadonlyMap<string, number>;
      readonly clock: () => number;
      readonly signal: AbortSignal;
    }) => Promise<T>,
  ): Promise<T> {
    using stack = new DisposableStack();
    const clock = (): number => this.nowMs + aheadMs;
    const { signal } = new AbortController();
    const store = new DirectoryPageStore(join(this.#root, "dist"), "1-main");
    const source = stack.use(this.#source(aheadMs));
    await source.refresh(() => undefined, signal);
    const { record: before } = openRecord(store, "");
    const { manifest, setup, isNew } = openManifest(join(this.#root, "state"), before, LOCAL_MANIFEST);
    stack.use(manifest);
    const routes = new Map([...this.#site.routes.keys()].map((route) => [route, "1"]));
    const templates = { routes, assets: new Map<string, string>(), usersOf: () => new Set<string>() };
    const record = {
      ...withVersion(registerTemplates(before, templates), source.identity, source.version()),
      generation: isNew ? before.generation + 1 : before.generation,
      isFirstBuild: false,
    };
    store.writeRecord(JSON.stringify(record));
    manifest.setMeta("generation", String(record.generation));
    const epochs = new Map(Object.entries(record.routes).map(([route, { epoch }]) => [route, epoch]));
    await using pool = new InlinePool(
      {
        site: this.#site,
        renderer: { render: () => "", brokenBy: () => [] },
        assets: new Map(),
        useAsset: () => undefined,
        inTurn: (run) => run(),
        reader: stack.use(source.reader()),
        manifest: stack.use(openManifestOf(setup)),
        store: new DirectoryPageStore(join(this.#root, "dist"), "1-thread"),
        staticKeys: new Set(),
        isFirstBuild: false,
        epochs,
        epoch: record.epoch,
        clock,
      },
      signal,
      () => undefined,
    );
    const flaky: PressPool = {
      size: pool.size,
      press: async (keys, options) => {
        if (this.diskFailures > 0) {
          this.diskFailures--;
          throw Object.assign(new Error("disk I/O error"), { errcode: 10 });
        }
        return pool.press(keys, options);
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
    return await act({ source, manifest, store, pool: flaky, epoch: record.epoch, epochs, clock, signal });
  }
}
