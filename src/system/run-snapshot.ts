import { join } from "node:path";

import { costOf } from "../core/prices.ts";
import type { Cost } from "../core/prices.ts";
import { RekilnError } from "../core/errors.ts";
import type { StoredSnapshot } from "../press/write-snapshot.ts";
import { BUCKET } from "../site/check-fleet.ts";
import { isWithin } from "../site/check-site.ts";
import { s3 } from "../site/declare-fleet.ts";
import type { S3Store } from "../site/declare-fleet.ts";
import type { Queue } from "../queue/queue.ts";
import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { firstVersionOf } from "./first-version.ts";
import { openQueue } from "./open-queue.ts";
import { entityFileOf, openSource } from "./open-source.ts";
import { openWritableStore } from "./open-store.ts";
import { lockProcess } from "./process-lock.ts";
import { siteFolders } from "./site-folders.ts";
import { reachedAs, readCurrent } from "./snapshot-place.ts";
import { writeSource } from "./snapshot-run.ts";
import type { RunSnapshotOptions, SnapshotReport, SnapshotSurroundings } from "./snapshot-run.ts";
import { objectStoreSetup } from "./store-setup.ts";
import { takeNewest } from "./take-in.ts";

/**
 * Takes the source in, compares it with the last snapshot, and makes a new one the current one once the queue knows of every difference.
 *
 * @throws RekilnError `snapshot-usage`, `snapshot-running`, and as `stageSnapshot` and `writeSnapshot`
 */
export async function runSnapshot(
  options: RunSnapshotOptions,
  surroundings: SnapshotSurroundings,
): Promise<SnapshotReport & { readonly cost: Cost }> {
  const config = await loadConfig(options.configFile, surroundings.environment);
  const place = placeOf(config, options.to);
  const folders = siteFolders(config);
  await using stack = new AsyncDisposableStack();
  stack.use(lockProcess(folders.state, "snapshot"));
  const { store, budget } = stack.use(await openWritableStore(objectStoreSetup(place)));
  let queue: Queue | undefined;
  const last = await lastOf(store, options.isAnew, surroundings.signal);
  const firstVersion = Math.max(firstVersionOf(config), last?.index.ceiling ?? 0);
  const source = stack.use(openSource(config, { firstVersion, isDurable: true }));
  const { environment, signal, onProgress } = surroundings;
  const how = { environment, firstVersion };
  const taken = await takeNewest(source, config, how, (records) => onProgress("records", records), signal);
  source.turnTimes();
  const report = await writeSource(
    {
      models: config.site.entities,
      source,
      file: entityFileOf(folders),
      store,
      last,
      folder: join(folders.state, "snapshot-staged"),
      openQueue: () => (queue = openQueue(config)),
      onProgress: (entities) => onProgress("entities", entities),
      signal,
    },
    options,
  );
  const { put, get, list } = budget.requests;
  const cost = costOf({ put, get, list, queue: queue?.billedRequests ?? 0 }, config.site.prices);
  return { ...report, source: taken, cost };
}

function placeOf({ site }: LoadedConfig, to: string | undefined): S3Store {
  if (site.source.kind === "snapshot") {
    throw usage(
      "The source of this config is a snapshot itself: there is nothing to write.",
      "Run rekiln snapshot on the machine that has the source.",
    );
  }
  if (to === undefined) {
    if (site.snapshots !== undefined) return site.snapshots;
    throw usage(
      "It isn't said where snapshots are written to.",
      'Give --to s3://bucket/prefix, or write snapshots: s3("s3://bucket/prefix") in the config.',
    );
  }
  const { bucket, prefix } = s3(to);
  if (!BUCKET.test(bucket)) {
    throw usage(`${JSON.stringify(to)} names no bucket.`, "Write it as s3://bucket/prefix.");
  }
  if (site.store.kind === "s3" && isWithin({ bucket, prefix }, site.store)) {
    throw usage(`${to} is among the pages of this site.`, "Give snapshots a prefix of their own, outside of it.");
  }
  // It is reached as the config's own bucket is; what that may cost is its own.
  return s3(to, reachedAs(site.snapshots ?? (site.store.kind === "s3" ? site.store : {})));
}

function usage(message: string, hint: string): RekilnError {
  return new RekilnError({ code: "snapshot-usage", message, disposition: "fatal", hint });
}

/** What is there may be broken: then a new chain begins above nothing, and those who read it say if they were further. */
async function lastOf(store: ObjectStore, isAnew: boolean, signal: AbortSignal): Promise<StoredSnapshot | undefined> {
  return readCurrent(store, signal).catch((error: unknown) => {
    if (isAnew && error instanceof RekilnError && error.code === "snapshot-broken") {
      throw new RekilnError({
        code: "snapshot-broken",
        message: error.message,
        disposition: "fatal",
        hint: `Remove ${store.name}current.json, then run rekiln snapshot --anew.`,
        cause: error,
      });
    }
    throw error;
  });
}
