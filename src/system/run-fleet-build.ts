import { costOf } from "../core/prices.ts";
import type { Cost } from "../core/prices.ts";
import type { Progress } from "../core/progress.ts";
import { RekilnError } from "../core/errors.ts";
import { encodeRoutes } from "../core/work-message.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { relayOutbox } from "../press/publish.ts";
import { epochsOf, registerTemplates, writeSiteRecord } from "../press/site-record.ts";
import { copyStatic } from "../press/static-files.ts";
import type { StaticProblem } from "../press/static-files.ts";
import { sendAll } from "../queue/send-all.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { RefreshReport } from "../source/source.ts";
import { knownPages } from "./built-site.ts";
import { openPageStore } from "./open-page-store.ts";
import { openQueue } from "./open-queue.ts";
import { openSource } from "./open-source.ts";
import { lockProcess } from "./process-lock.ts";
import { readInputs } from "./site-inputs.ts";
import type { BrokenTemplate } from "./site-inputs.ts";
import { countOn, newestVersion, openManifest, openRecord, withVersion } from "./site-state.ts";
import { storeRequests, storeSetupOf } from "./store-setup.ts";
import { takeNewest } from "./take-in.ts";
import { takeTemplates } from "./templates-record.ts";

export interface FleetBuildOptions {
  readonly config: LoadedConfig;
  /** Renders everything. */
  readonly isForced: boolean;
}

export interface FleetBuildSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface FleetBuildReport {
  /** Routes that were put on the queue whole, with the number of their pages as far as they are known. */
  readonly routes: readonly { readonly route: string; readonly pages: number }[];
  /** Changes that were told of one by one. */
  readonly changes: number;
  readonly source: RefreshReport | undefined;
  readonly problems: readonly StaticProblem[];
  readonly brokenTemplates: readonly BrokenTemplate[];
  /** What beginning it was billed: the rest is its workers'. */
  readonly cost: Cost;
}

/**
 * Begins a build that workers do: takes the source in, registers templates, and puts on the bulk lane what a build would render. The manifest counts as
 * complete as soon as the queue has taken all of it: whatever isn't made yet has a message then, and what changes meanwhile is followed as always.
 *
 * @throws RekilnError `fleet-manifest-new`, `build-running`, `source-unreachable`
 */
export async function runFleetBuild(
  { config, isForced }: FleetBuildOptions,
  { environment, progress, signal }: FleetBuildSurroundings,
): Promise<FleetBuildReport> {
  const { site, code } = config;
  const inputs = await readInputs(config, environment);
  const { folders, templates, assets, problems, broken } = inputs;
  using stack = new DisposableStack();
  stack.use(lockProcess(folders.state, "build"));
  const storeSetup = storeSetupOf(site, folders);
  const store = stack.use(openPageStore(storeSetup, `${process.pid}-main`));
  const { record: before, isNew: isNewRecord } = openRecord(store, "");
  const source = stack.use(openSource(config, { firstVersion: before.ceiling, isDurable: true }));

  progress.phase("source");
  const how = { firstVersion: before.ceiling, environment };
  const refreshed = await takeNewest(source, config, how, (count) => progress.records(count), signal);
  source.turnTimes();
  const { manifest, isNew } = openManifest(folders.state, before, site.manifest);
  stack.use(manifest);
  if (manifest.meta("bulk") !== undefined) manifest.finishBulk();
  const complete = manifest.meta("complete");
  if (complete === undefined && !store.isEmpty()) throw unknownPages();
  countOn(source, before, newestVersion({ record: before, isNewRecord, manifest, isNew, store }));

  const version = source.version();
  const registered = registerTemplates(before, takeTemplates(site, code, templates, assets, manifest));
  const record = {
    ...withVersion(registered, source.identity, version),
    generation: isNew ? before.generation + 1 : before.generation,
  };
  writeSiteRecord(store, record);
  manifest.transact(() => {
    manifest.setMeta("generation", String(record.generation));
    manifest.setMeta("epoch", String(record.epoch));
  });

  progress.phase("queue");
  const queue = stack.use(openQueue(config));
  const isWhole = isForced || complete === undefined || source.changesSince(Number(complete)) === undefined;
  const epochs = epochsOf(record);
  const isDue = (route: string): boolean => isWhole || manifest.meta(`built:${route}`) !== `${epochs.get(route) ?? 0}`;
  const due = [...site.routes.keys()].filter(isDue);
  const gone = manifest.routes().filter((route) => !site.routes.has(route));
  const request = { version, epoch: record.epoch, isForced, since: Date.now(), waited: 0 };
  await sendAll(queue, "bulk", encodeRoutes([...due, ...gone], request));
  markQueued(manifest, due, epochs, isWhole ? version : undefined);
  if (isWhole) source.forgetChanges(version);
  writeSiteRecord(store, { ...record, isFirstBuild: false });
  const copied = copyStatic({
    folder: folders.static,
    assets,
    manifest,
    store,
    isDryRun: false,
    replacesForeign: isForced,
  });
  const relayed = await relayOutbox(source.outbox, queue, { signal });
  if (relayed.error !== undefined) throw relayed.error;
  return {
    routes: [...due, ...gone].map((route) => ({ route, pages: knownPages(manifest, route) })),
    changes: relayed.sent,
    source: refreshed,
    problems: [...problems, ...copied.problems],
    brokenTemplates: broken,
    cost: costOf({ ...storeRequests(storeSetup), queue: queue.billedRequests }, site.prices),
  };
}

/** The queue has taken them: nothing of a first build is left to anybody else. */
function markQueued(
  manifest: Manifest,
  routes: readonly string[],
  epochs: ReadonlyMap<string, number>,
  complete: number | undefined,
): void {
  manifest.transact(() => {
    for (const route of routes) manifest.setMeta(`built:${route}`, String(epochs.get(route) ?? 0));
    if (complete !== undefined) manifest.setMeta("complete", String(complete));
  });
}

function unknownPages(): RekilnError {
  return new RekilnError({
    code: "fleet-manifest-new",
    message: "The store has pages that the manifest doesn't know: it is new, or a build of one machine was begun here.",
    disposition: "fatal",
    hint: "Run rekiln build or rekiln manifest rebuild once; then rekiln build --fleet goes on.",
  });
}
