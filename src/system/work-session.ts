import { setImmediate } from "node:timers/promises";

import { messageOf } from "../core/errors.ts";
import type { Cost } from "../core/prices.ts";
import { noteWork } from "../press/estimate-cost.ts";
import type { SweepTally } from "../press/sweep-tally.ts";
import type { WorkMetrics } from "../press/work-metrics.ts";
import type { WorkTally } from "../press/work-tally.ts";
import { work } from "../press/work.ts";
import type { WorkResult } from "../press/work-context.ts";
import type { Lane, Queue } from "../queue/queue.ts";
import { followDatabase } from "./follow-database.ts";
import { followSnapshot } from "./follow-snapshot.ts";
import { watchedPathsOf } from "./open-source.ts";
import type { SiteInputs } from "./site-inputs.ts";
import { sleep } from "./sleep.ts";
import { watchSource } from "./source-watch.ts";
import { sweepSite } from "./sweep-site.ts";
import type { SweepSettings } from "./sweep-site.ts";
import { openWorkingSite } from "./working-site.ts";
import type { WorkingSite } from "./working-site.ts";

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
  /** Sweeps beside, until the work ends; undefined doesn't. */
  readonly sweep?: SweepSettings | undefined;
}

export interface WorkSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Stops receiving. */
  readonly stop: AbortSignal;
  /** Instead of the site's own. It ends with the work. */
  readonly queue?: Queue | undefined;
  readonly metrics: WorkMetrics;
  readonly onProgress: (tally: WorkTally) => void;
  /** Something that the one who started it should know, though work goes on. */
  readonly warn: (message: string) => void;
  /** Called once the worker is ready to receive. */
  readonly onReady: (threads: number) => void;
}

export interface RunWorkResult extends WorkResult {
  /** The database's changes couldn't be followed at its end: some may wait there. */
  readonly isBehind: boolean;
  /** What was swept meanwhile. */
  readonly swept: SweepTally | undefined;
  readonly cost: Cost;
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
): Promise<RunWorkResult> {
  const { environment, stop, metrics, onProgress, warn } = surroundings;
  const { concurrency, maxDeletes } = options;
  const how = { concurrency, environment, stop, warn, queue: surroundings.queue };
  await using opened = await openWorkingSite(inputs, how);
  const {
    config,
    record,
    manifest,
    source,
    reader,
    queue,
    pool,
    standing,
    haveOthersDied,
    relay,
    settle,
    sync,
    abort,
  } = opened;
  const { site } = config;
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
  await using follow = await followDatabase({
    config,
    source,
    environment,
    firstVersion: record.ceiling,
    onTaken: relay,
    warn,
    signal: stop,
    waits: options.untilEmpty,
  });
  await using snapshots = followSnapshot({
    config,
    source,
    environment,
    onTaken: relay,
    warn,
    signal: stop,
    waits: options.untilEmpty,
  });
  const before = { changes: tally.changes, rendered: tally.rendered, written: tally.written };
  surroundings.onReady(opened.threads);
  const beside = startSweep(opened, options.sweep, surroundings, maxDeletes);
  try {
    const result = await work(
      {
        site,
        reader,
        manifest,
        pool,
        queue,
        epoch: record.epoch,
        clock: Date.now,
        sleep,
        random: Math.random,
        metrics,
        standing,
        holder: `${process.pid}-work`,
        haveOthersDied,
        catchUp: snapshots === undefined ? undefined : async (version) => snapshots.catchUp(version),
        openReader: () => source.reader(),
        sync,
        breathe: async () => setImmediate(),
        knownBefore: (type, id) => {
          const changes = source.changesSince(Number(manifest.meta("complete")));
          if (changes === undefined) return undefined;
          return changes.find((change) => change.type === type && change.id === id)?.before ?? [];
        },
        relay,
        settle,
        onProgress,
        warn,
        tally,
      },
      {
        lanes: options.lanes,
        untilEmpty: options.untilEmpty,
        maxDeletes,
        retrySeconds: options.retrySeconds,
        stop,
        abort,
      },
    );
    const { changes, rendered, written } = result.tally;
    noteWork(manifest, {
      changes: changes - before.changes,
      rendered: rendered - before.rendered,
      written: written - before.written,
    });
    return { ...result, isBehind: follow?.isBehind === true, swept: await beside.end(), cost: opened.cost() };
  } finally {
    await beside.end().catch(() => undefined);
  }
}

/** A sweep that goes on until the work has ended. */
function startSweep(
  opened: WorkingSite,
  settings: SweepSettings | undefined,
  { environment, stop, metrics, warn }: WorkSurroundings,
  maxDeletes: number | undefined,
): { readonly end: () => Promise<SweepTally | undefined> } {
  if (settings === undefined) return { end: async () => undefined };
  const ending = new AbortController();
  const signal = AbortSignal.any([stop, ending.signal]);
  const surroundings = { environment, stop: signal, metrics, warn, onProgress: () => undefined };
  const sweeping = sweepSite(opened, { ...settings, once: false, maxDeletes }, surroundings);
  // Its end is waited for at the end of the work; meanwhile it fails alone.
  sweeping.catch((error: unknown) => warn(`The sweep has ended: ${messageOf(error)}`));
  return {
    end: async () => {
      ending.abort();
      return (await sweeping).tally;
    },
  };
}
