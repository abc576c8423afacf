import { setImmediate } from "node:timers/promises";
import { join } from "node:path";

import { encodeWork } from "../../src/core/work-message.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { SqliteManifest } from "../../src/manifest/sqlite-manifest.ts";
import { relayOutbox } from "../../src/press/publish.ts";
import { settleLeft } from "../../src/press/settle-left.ts";
import { epochsOf, readSiteRecord, registerTemplates, writeSiteRecord } from "../../src/press/site-record.ts";
import type { SiteRecord, Templates } from "../../src/press/site-record.ts";
import { writeSitemaps } from "../../src/press/sitemap.ts";
import { NO_METRICS } from "../../src/press/work-metrics.ts";
import type { WorkTally } from "../../src/press/work-tally.ts";
import { work } from "../../src/press/work.ts";
import { MemoryQueue } from "../../src/queue/memory-queue.ts";
import type { Queue, Sleep } from "../../src/queue/queue.ts";
import { sendAll } from "../../src/queue/send-all.ts";
import type { Source } from "../../src/source/source.ts";
import { manifestFileOf, withVersion } from "../../src/system/site-state.ts";
import { filesOf, SMALL_SITEMAPS, WatchedStore } from "./build-in-process.ts";
import type { Folders, OpenSource, Plant, TestedSite } from "./build-in-process.ts";
import { inlineContext, InlinePool } from "./inline-pool.ts";

/** Longer sleeps are heartbeats: they end with the work. */
const HEARTBEAT_MS = 20_000;

export interface DrainedInProcess {
  /** Pages whose render was begun, each as often as it was. */
  readonly rendered: readonly PageKey[];
  /** Files that were not there for a moment, or are no longer. */
  readonly taken: ReadonlySet<string>;
  /** Routes of which newer templates were released. */
  readonly released: readonly string[];
  readonly dead: number;
  /** What the worker says that it did. */
  readonly worked: WorkTally;
  /** Pages that fail, and pages whose path another one owns, with what a build would say of them. */
  readonly tally: { readonly failed: ReadonlyMap<PageKey, string>; readonly collided: ReadonlyMap<PageKey, string> };
}

export interface DrainOptions {
  readonly nowMs: number;
  readonly plant?: Plant;
  readonly warn?: ((message: string) => void) | undefined;
  /** Most pages that changes are found to affect by name. */
  readonly namedMax?: number | undefined;
  /** Instead of the files. */
  readonly openSource?: OpenSource;
  /** What waits already, with the time that passes for it. */
  readonly queued?: VirtualQueue;
}

/**
 * Takes the data in, releases templates that changed, and drains the queue, as `runWork` and `runRelease` do, but for config file, static
 * files and threads. The site was built before.
 */
export async function drainInProcess(
  folders: Folders,
  tested: TestedSite,
  { nowMs, plant = {}, warn, namedMax, openSource = filesOf(folders, tested), queued = virtualQueue() }: DrainOptions,
): Promise<DrainedInProcess> {
  const { site, renderer, fingerprints } = tested;
  const { signal } = new AbortController();
  const taken = new Set<string>();
  const store = new WatchedStore(folders.store, "main", taken);
  const before = readSiteRecord(store);
  if (before === undefined) throw new Error("the site isn't built");
  using stack = new DisposableStack();
  const mirror = join(folders.state, "entities.db");
  const files = stack.use(openSource({ mirror, models: site.entities, firstVersion: before.ceiling }));
  await files.refresh(() => undefined, signal);
  const source = plant.source?.(files) ?? files;
  const file = manifestFileOf(folders.state, before);
  const opened = stack.use(new SqliteManifest(file));
  const manifest = plant.manifest?.(opened) ?? opened;
  const { queue, sleep } = queued;
  const templates = { routes: fingerprints, assets: new Map<string, string>(), usersOf: () => new Set<string>() };
  const { record, released } = await release(before, templates, source, queue, manifest);
  writeSiteRecord(store, record);
  const epochs = epochsOf(record);
  const clock = (): number => nowMs;
  const ofThread = stack.use(new SqliteManifest(file));
  await using pool = new InlinePool(
    inlineContext({
      site,
      renderer,
      reader: stack.use(source.reader()),
      manifest: plant.manifest?.(ofThread) ?? ofThread,
      store: new WatchedStore(folders.store, "thread", taken),
      isFirstBuild: false,
      epochs,
      epoch: record.epoch,
      clock,
    }),
    signal,
    () => undefined,
  );
  const reader = stack.use(source.reader());
  const { tally: worked } = await work(
    {
      site,
      reader,
      openReader: () => source.reader(),
      sync: async () => undefined,
      breathe: async () => undefined,
      manifest,
      pool: plant.pool?.(pool) ?? pool,
      queue,
      epoch: record.epoch,
      clock,
      sleep,
      random: () => 0.5,
      metrics: NO_METRICS,
      standing: () => ({ kind: "current" }),
      holder: "test",
      knownBefore: () => [],
      haveOthersDied: () => false,
      relay: async () => {
        const { error } = await relayOutbox(files.outbox, queue);
        if (error !== undefined) throw error;
      },
      settle: async () => {
        const left = { site, manifest, store, staticKeys: new Set<string>(), epochs, clock };
        settleLeft(left, reader.snapshot(), { graceSeconds: 0, isComplete: false });
        const writing = { site, assets: new Map(), manifest, store, replacesForeign: false, signal };
        await writeSitemaps({ ...writing, limits: SMALL_SITEMAPS }, { all: false });
      },
      onProgress: () => undefined,
      warn: warn ?? (() => undefined),
      namedMax,
    },
    { lanes: ["live", "bulk"], untilEmpty: true, maxDeletes: undefined, stop: signal, abort: signal },
  );
  const { live, bulk } = await queue.depth();
  return { rendered: pool.rendered, taken, released, dead: live.dead + bulk.dead, worked, tally: tallyOf(opened) };
}

/** Registers templates that changed, and queues the routes that they touch. */
async function release(
  before: SiteRecord,
  templates: Templates,
  source: Source,
  queue: Queue,
  manifest: Manifest,
): Promise<{ readonly record: SiteRecord; readonly released: readonly string[] }> {
  const version = source.version();
  const registered = registerTemplates(before, templates);
  const changed = [...templates.routes.keys()].filter(
    (route) => registered.routes[route]?.epoch !== before.routes[route]?.epoch,
  );
  const request = { version, epoch: registered.epoch, isForced: false, since: 0, waited: 0 };
  await sendAll(
    queue,
    "bulk",
    changed.map((route) => encodeWork({ kind: "route", route, ...request })),
  );
  manifest.setMeta("epoch", String(registered.epoch));
  return { record: withVersion(registered, source.identity, version), released: changed };
}

/** A queue whose time passes where somebody waits for it. */
export interface VirtualQueue {
  readonly queue: MemoryQueue;
  readonly sleep: Sleep;
}

export function virtualQueue(): VirtualQueue {
  const { clock, sleep } = virtualTime();
  return { queue: new MemoryQueue({ clock, sleep }), sleep };
}

/** Time that passes where somebody waits for it. */
function virtualTime(): { readonly clock: () => number; readonly sleep: Sleep } {
  let now = 0;
  return {
    clock: () => now,
    sleep: async (ms, signal) => {
      if (ms >= HEARTBEAT_MS && signal !== undefined && !signal.aborted) {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        return;
      }
      now += ms;
      await setImmediate();
    },
  };
}

function tallyOf(manifest: Manifest): DrainedInProcess["tally"] {
  const failed = new Map<PageKey, string>();
  const collided = new Map<PageKey, string>();
  for (const { key, error, stale } of manifest.stalePages(10_000)) {
    if (stale?.kind === "collided") collided.set(key, asTold(error, key));
    else failed.set(key, error);
  }
  return { failed, collided };
}

function asTold(error: string, key: PageKey): string {
  return error.replace(`${key}: the path `, "wants ").replace(" belongs to ", ", which belongs to ");
}
