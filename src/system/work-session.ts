import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";

import { RekilnError } from "../core/errors.ts";
import { relayOutbox } from "../press/publish.ts";
import { settleLeft } from "../press/settle-left.ts";
import { epochsOf, registerTemplates } from "../press/site-record.ts";
import { writeSitemaps } from "../press/sitemap.ts";
import { staticKeysOf } from "../press/static-files.ts";
import { beginWriting, endWriting, writers } from "../press/strays.ts";
import type { WorkMetrics } from "../press/work-metrics.ts";
import type { WorkTally } from "../press/work-tally.ts";
import { work } from "../press/work.ts";
import type { Standing, WorkResult } from "../press/work.ts";
import type { Lane } from "../queue/queue.ts";
import { isProcessAlive } from "../store/process-alive.ts";
import { beginSyncing } from "./begin-syncing.ts";
import { checkVersions, notBuilt, openBuiltSite } from "./built-site.ts";
import type { BuiltSite } from "./built-site.ts";
import { openQueue } from "./open-queue.ts";
import { watchedPathsOf } from "./open-source.ts";
import { RecordKeeper } from "./record-keeper.ts";
import { pressSetupOf } from "./site-inputs.ts";
import type { SiteInputs } from "./site-inputs.ts";
import { sleep } from "./sleep.ts";
import { watchSource } from "./source-watch.ts";
import { takeTemplates } from "./templates-record.ts";
import { ThreadPool } from "./thread-pool.ts";

/** Whoever takes a path that another page left may be on its way for so long. */
const LEFT_GRACE_SECONDS = 60;
/** After so long whatever is still under way is given back. */
const ABORT_MS = 20_000;

export interface RunWorkOptions {
  readonly configFile: string;
  readonly lanes: readonly Lane[];
  readonly untilEmpty: boolean;
  /** Threads; undefined is one for each processor. */
  readonly concurrency: number | undefined;
  readonly maxDeletes: number | undefined;
  /** As of `WorkOptions`. */
  readonly retrySeconds?: number | undefined;
  /** Turns edits of the source's files into events, and releases what changes of templates, static files, config and code. */
  readonly watches: boolean;
}

export interface WorkSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Stops receiving. */
  readonly stop: AbortSignal;
  readonly metrics: WorkMetrics;
  readonly onProgress: (tally: WorkTally) => void;
  /** Something that the one who started it should know, though work goes on. */
  readonly warn: (message: string) => void;
  /** Called once the worker is ready to receive. */
  readonly onReady: (threads: number) => void;
}

/**
 * Works on the queue with one set of templates, config and code, until it is told to stop or another one is registered. What is done is
 * added to `tally`.
 *
 * @throws RekilnError `site-not-built`, `templates-not-registered`, `source-older`
 */
export async function workSession(
  inputs: SiteInputs,
  options: RunWorkOptions,
  surroundings: WorkSurroundings,
  tally: WorkTally,
): Promise<WorkResult> {
  const { environment, stop, metrics, onProgress, warn } = surroundings;
  const { config, folders, assets } = inputs;
  const { site } = config;

  using stack = new DisposableStack();
  const built = stack.use(openBuiltSite(config, true));
  const { record, store, manifest, manifestFile, source } = built;
  if (!built.isComplete) throw notBuilt("its first build didn't end");
  if (!isNewest(inputs, built)) throw notRegistered();
  checkVersions(built);

  const queue = stack.use(openQueue(config));
  const abort = new AbortController();
  const giveUp = (): void => {
    const timer = setTimeout(() => abort.abort(), ABORT_MS);
    timer.unref();
  };
  stop.addEventListener("abort", giveUp, { once: true });
  stack.defer(() => stop.removeEventListener("abort", giveUp));
  const keeper = new RecordKeeper(store, manifest, source);
  keeper.keep();
  const threads = options.concurrency ?? availableParallelism();
  const epochs = epochsOf(record);
  // Its first build is complete: a file without a stamp isn't a torn one of ours.
  const setup = pressSetupOf(inputs, { ...record, isFirstBuild: false }, manifestFile, false);
  await using pool = new ThreadPool(setup, threads, abort.signal);
  const writer = `${process.pid}`;
  beginWriting(manifest, writer);
  stack.defer(() => endWriting(manifest, writer));
  const { ino } = statSync(manifestFile);
  const standing = (): Standing => {
    const now = keeper.read();
    if (now === undefined) {
      return { kind: "replaced", message: "The site record is gone: run rekiln build, then start the worker again." };
    }
    if (now.epoch !== record.epoch) {
      return { kind: "replaced", message: "Newer templates were registered: start the worker again with them." };
    }
    const isSame =
      now.generation === record.generation && statSync(manifestFile, { throwIfNoEntry: false })?.ino === ino;
    if (isSame) return { kind: "current" };
    return { kind: "replaced", message: "The manifest was replaced: run rekiln build, then start the worker again." };
  };
  const sync = await beginSyncing(built, queue, folders);
  let hasWarned = false;
  const relay = async (): Promise<void> => {
    const report = await relayOutbox(source.outbox, queue, { signal: stop });
    if ((report.needsBuild || report.tooLarge > 0) && !hasWarned) {
      hasWarned = true;
      warn("More changed than can be followed one by one: run rekiln build.");
    }
    if (report.error !== undefined) throw report.error;
  };
  const watched = watchedPathsOf(config);
  await using _watch =
    options.watches && watched.length > 0
      ? await watchSource({
          config,
          paths: watched,
          environment,
          firstVersion: record.ceiling,
          onTaken: relay,
          warn,
          signal: stop,
        })
      : undefined;
  const reader = stack.use(source.reader());
  surroundings.onReady(threads);
  return await work(
    {
      site,
      reader,
      openReader: () => source.reader(),
      manifest,
      pool,
      queue,
      epoch: record.epoch,
      clock: Date.now,
      sleep,
      random: Math.random,
      metrics,
      standing,
      knownBefore: (type, id) => {
        const changes = source.changesSince(Number(manifest.meta("complete")));
        if (changes === undefined) return undefined;
        return changes.find((change) => change.type === type && change.id === id)?.before ?? [];
      },
      relay,
      sync,
      breathe: async () => setImmediate(),
      settle: async (isDrained) => {
        keeper.keep();
        // Paths that were left a while ago, and that nobody took. Once all is done, and nobody else writes, nobody will.
        const isAlone = writers(manifest).every((one) => one === writer || !isProcessAlive(Number(one)));
        const graceSeconds = isDrained && isAlone ? 0 : LEFT_GRACE_SECONDS;
        const left = { site, manifest, store, staticKeys: staticKeysOf(assets), epochs, clock: Date.now };
        settleLeft(left, reader.snapshot(), { graceSeconds, isComplete: false });
        const writing = { site, assets, manifest, store, replacesForeign: false, signal: abort.signal };
        for (const { message } of (await writeSitemaps(writing, { all: false })).problems) warn(message);
      },
      onProgress,
      warn,
      tally,
    },
    {
      lanes: options.lanes,
      untilEmpty: options.untilEmpty,
      maxDeletes: options.maxDeletes,
      retrySeconds: options.retrySeconds,
      stop,
      abort: abort.signal,
    },
  );
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
