import { availableParallelism } from "node:os";

import { RekilnError } from "../core/errors.ts";
import { costOf } from "../core/prices.ts";
import type { Cost } from "../core/prices.ts";
import { encodeRoutes } from "../core/work-message.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Assets } from "../press/assets.ts";
import { Publisher } from "../press/publisher.ts";
import { relayOutbox } from "../press/publish.ts";
import { settleLeft } from "../press/settle-left.ts";
import { epochsOf, registerTemplates } from "../press/site-record.ts";
import type { SiteRecord } from "../press/site-record.ts";
import { writeSitemaps } from "../press/sitemap.ts";
import { staticKeysOf } from "../press/static-files.ts";
import { beginWriting, endWriting } from "../press/strays.ts";
import type { Standing } from "../press/work-context.ts";
import type { Queue } from "../queue/queue.ts";
import { sendAll } from "../queue/send-all.ts";
import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import type { SourceReader } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import type { Site } from "../site/site.ts";
import { beginSyncing } from "./begin-syncing.ts";
import { checkVersions, notBuilt, openBuiltSite } from "./built-site.ts";
import type { BuiltSite } from "./built-site.ts";
import { deadWriters, isOnlyWriter, OWN_WRITER } from "./dead-writers.ts";
import { loadSnapshot } from "./follow-snapshot.ts";
import { stayingPut } from "./open-manifest.ts";
import { openQueue } from "./open-queue.ts";
import { OutageFile } from "./outage-file.ts";
import { RecordKeeper } from "./record-keeper.ts";
import { pressCodeOf, pressSetupOf, readInputs } from "./site-inputs.ts";
import type { SiteInputs } from "./site-inputs.ts";
import { storeRequests } from "./store-setup.ts";
import { refreshInThread } from "./source-thread.ts";
import { takeTemplates } from "./templates-record.ts";
import { ThreadPool } from "./thread-pool.ts";

/** Whoever takes a path that another page left may be on its way for so long. */
const LEFT_GRACE_SECONDS = 60;
/** After so long whatever is still under way is given back. */
const ABORT_MS = 20_000;

export interface WorkingSiteOptions {
  /** Threads; undefined is one for each processor. */
  readonly concurrency: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What has begun is ended, or given up some time after that. */
  readonly stop: AbortSignal;
  readonly warn: (message: string) => void;
  /** Nothing will be written. */
  readonly isDryRun?: boolean;
  /** Instead of the one that the config declares. It is closed with the site. */
  readonly queue?: Queue | undefined;
}

/** A built site with all that brings its pages up to date: what workers and sweepers have open. */
export interface WorkingSite extends AsyncDisposable {
  readonly config: LoadedConfig;
  readonly record: SiteRecord;
  readonly store: PageStore;
  readonly manifest: Manifest;
  readonly source: Mirror | EmbeddedSource;
  readonly reader: SourceReader;
  readonly queue: Queue;
  readonly pool: ThreadPool;
  readonly threads: number;
  readonly epochs: ReadonlyMap<string, number>;
  /** Aborted some time after `stop`. */
  readonly abort: AbortSignal;
  /** Of `static/`: they own their paths. */
  readonly assets: Assets;
  readonly standing: () => Standing;
  /** Whether another process that pressed pages of this site died, and no build has been since. */
  readonly haveOthersDied: () => boolean;
  /** Sends what waits in the outbox. */
  readonly relay: () => Promise<void>;
  /** What was asked for so far, by the prices of the config. */
  readonly cost: () => Cost;
  /** Makes durable all that was written before it is called. */
  readonly sync: () => Promise<void>;
  /** Brings up to date what follows the pages: site record, paths that were left, sitemaps. */
  readonly settle: (isDrained?: boolean) => Promise<void>;
}

/** Reads what a site is made of, and opens it. @throws as `openWorkingSite` */
export async function openWorkingConfig(configFile: string, options: WorkingSiteOptions): Promise<WorkingSite> {
  const config = await loadConfig(configFile, options.environment);
  return openWorkingSite(await readInputs(config, options.environment), options);
}

/** @throws RekilnError `site-not-built`, `templates-not-registered`, `source-older` */
export async function openWorkingSite(inputs: SiteInputs, options: WorkingSiteOptions): Promise<WorkingSite> {
  const { environment, stop, warn, isDryRun = false } = options;
  const { config, folders, assets } = inputs;
  const { site } = config;

  await loadSnapshot(config, { environment, warn, signal: stop });
  await using stack = new AsyncDisposableStack();
  const built = stack.use(openBuiltSite(config, true));
  const { record, store, manifest, manifestSetup, source } = built;
  if (!built.isComplete) throw notBuilt("its first build didn't end");
  if (!isNewest(inputs, built)) throw notRegistered();
  checkVersions(built);

  const queue = stack.use(options.queue ?? openQueue(config));
  const abort = new AbortController();
  const giveUp = (): void => {
    const timer = setTimeout(() => abort.abort(), ABORT_MS);
    timer.unref();
  };
  stop.addEventListener("abort", giveUp, { once: true });
  stack.defer(() => stop.removeEventListener("abort", giveUp));
  const keeper = new RecordKeeper(store, manifest, source);
  if (!isDryRun) keeper.keep();
  const threads = options.concurrency ?? availableParallelism();
  const epochs = epochsOf(record);
  // Its first build is complete: a file without a stamp isn't a torn one of ours.
  const setup = pressSetupOf(inputs, { ...record, isFirstBuild: false }, manifestSetup, isDryRun);
  const pool = stack.use(new ThreadPool(pressCodeOf(inputs), threads, abort.signal));
  pool.open(setup);
  if (!isDryRun) {
    beginWriting(manifest, OWN_WRITER);
    stack.defer(() => {
      try {
        endWriting(manifest, OWN_WRITER);
      } catch (error) {
        // Nobody reads in it that this writer has ended.
        if (!(error instanceof RekilnError && error.code === "manifest-replaced")) throw error;
      }
    });
  }
  const isInPlace = stayingPut(manifestSetup);
  const standing = (): Standing => {
    const now = keeper.read();
    if (now === undefined) {
      return { kind: "replaced", message: "The site record is gone: run rekiln build, then start this again." };
    }
    if (now.epoch !== record.epoch) {
      return { kind: "replaced", message: "Newer templates were registered: start this again with them." };
    }
    if (now.generation === record.generation && isInPlace()) return { kind: "current" };
    return { kind: "replaced", message: "The manifest was replaced: run rekiln build, then start this again." };
  };
  const sync = isDryRun ? async () => undefined : await beginSyncing(built, queue, folders);
  let hasWarned = false;
  const publisher = new Publisher({
    marker: new OutageFile(folders),
    clock: Date.now,
    random: Math.random,
    relay: async () => relayOutbox(source.outbox, queue, { signal: stop }),
    recover: async ({ since }) => {
      warn(
        `Changes since ${new Date(since).toISOString()} couldn't be stored when they were told of: they are looked for.`,
      );
      if (source instanceof EmbeddedSource) await askForAll(queue, built, site);
      else await refreshInThread(config, { firstVersion: record.ceiling, environment }, () => undefined, stop);
    },
  });
  const relay = async (): Promise<void> => {
    source.turnTimes();
    const report = await publisher.step();
    // The queue doesn't answer, and isn't asked each time.
    if (report === undefined) return;
    if ((report.needsBuild || report.tooLarge > 0) && !hasWarned) {
      hasWarned = true;
      warn("More changed than can be followed one by one: run rekiln build.");
    }
    if (report.error !== undefined) throw report.error;
  };
  const reader = stack.use(source.reader());
  const settle = async (isDrained = false): Promise<void> => {
    keeper.keep();
    // Paths that were left a while ago, and that nobody took. Once all is done, and nobody else writes, nobody will.
    const graceSeconds = isDrained && isOnlyWriter(manifest, manifestSetup.kind) ? 0 : LEFT_GRACE_SECONDS;
    const left = { site, manifest, store, staticKeys: staticKeysOf(assets), epochs, clock: Date.now };
    settleLeft(left, reader.snapshot(), { graceSeconds, isComplete: false });
    const writing = { site, assets, manifest, store, replacesForeign: false, signal: abort.signal };
    for (const { message } of (await writeSitemaps(writing, { all: false })).problems) warn(message);
  };
  const opened = stack.move();
  return {
    config,
    record,
    store,
    manifest,
    source,
    reader,
    queue,
    pool,
    threads,
    epochs,
    abort: abort.signal,
    assets,
    standing,
    haveOthersDied: () => deadWriters(manifest, manifestSetup.kind).length > 0,
    relay,
    cost: () => costOf({ ...storeRequests(setup.store), queue: queue.billedRequests }, site.prices),
    sync,
    settle,
    [Symbol.asyncDispose]: async () => opened.disposeAsync(),
  };
}

/** What changed can't be told: every page is asked for, once. */
async function askForAll(queue: Queue, { record, source }: BuiltSite, site: Site): Promise<void> {
  const request = { version: source.version(), epoch: record.epoch, isForced: true, since: Date.now(), waited: 0 };
  await sendAll(queue, "bulk", encodeRoutes(site.routes.keys(), request));
}

/** Whether a site's newest epoch is of these very inputs. */
export function isNewest({ config, templates, assets }: SiteInputs, { record, manifest }: BuiltSite): boolean {
  const taken = takeTemplates(config.site, config.code, templates, assets, manifest);
  return registerTemplates(record, taken).epoch === record.epoch;
}

function notRegistered(): RekilnError {
  return new RekilnError({
    code: "templates-not-registered",
    message: "The templates, the config or the code aren't those that were registered last.",
    disposition: "fatal",
    hint: "Run rekiln release to register them and queue what they touch, or rekiln build to do it at once.",
  });
}
