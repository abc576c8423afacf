import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import type { Clock } from "../core/clock.ts";
import type { PageKey } from "../core/page.ts";
import { costOf } from "../core/prices.ts";
import type { Cost } from "../core/prices.ts";
import type { Progress } from "../core/progress.ts";
import { build } from "../press/build.ts";
import type { BuildResult } from "../press/build.ts";
import { BuildTally } from "../press/build-tally.ts";
import { deleteCap } from "../press/deletes.ts";
import { missingPages } from "../press/missing-pages.ts";
import { notePace } from "../press/pace.ts";
import { raiseFloor } from "../press/prune.ts";
import { doubtRedirects } from "../press/settle-left.ts";
import {
  epochsOf,
  readSiteRecord,
  registerTemplates,
  unregisteredRoutes,
  writeSiteRecord,
} from "../press/site-record.ts";
import type { SiteRecord } from "../press/site-record.ts";
import { writeSitemaps } from "../press/sitemap.ts";
import type { SitemapReport } from "../press/sitemap.ts";
import { copyStatic, settleHashedCopies, staticKeysOf } from "../press/static-files.ts";
import type { StaticProblem } from "../press/static-files.ts";
import type { BuryContext } from "../press/bury-stray.ts";
import { areStraysLeft, beginWriting, endWriting, findStrays, noteStrays, removeStrays } from "../press/strays.ts";
import type { ManifestModel } from "../site/check-manifest.ts";
import { loadConfig } from "../site/load-config.ts";
import type { RefreshReport } from "../source/source.ts";
import { distrustTorn, noteUnsynced } from "../press/unsynced.ts";
import { DirectoryPageStore, STATE_FOLDER } from "../store/directory.ts";
import { removeEmptyFolders } from "../store/empty-folders.ts";
import type { PageStore } from "../store/store.ts";
import { bootId } from "./boot-id.ts";
import { deadWriters, doubtfulWriters, OWN_WRITER } from "./dead-writers.ts";
import { lockProcess } from "./process-lock.ts";
import { checkRoutes } from "./check-routes.ts";
import { openManifestOf } from "./open-manifest.ts";
import { openSource } from "./open-source.ts";
import type { SiteFolders } from "./site-folders.ts";
import { openPageStore } from "./open-page-store.ts";
import { pressCodeOf, pressSetupOf, readInputs } from "./site-inputs.ts";
import type { BrokenTemplate } from "./site-inputs.ts";
import { countOn, newestVersion, openKnownManifest, openManifest, openRecord, withVersion } from "./site-state.ts";
import type { OpenedManifest } from "./site-state.ts";
import { dropOldTwins, makeLackingTwins } from "./settle-twins.ts";
import { isSmall, takeIn } from "./take-in.ts";
import { storeName, storeRequests, storeSetupOf } from "./store-setup.ts";
import { takeTemplates } from "./templates-record.ts";
import { ThreadPool } from "./thread-pool.ts";

export interface RunBuildOptions {
  readonly configFile: string;
  /** Only these routes; undefined is all. */
  readonly routes: readonly string[] | undefined;
  /** Threads; undefined is one for each processor. */
  readonly concurrency: number | undefined;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  readonly maxDeletes: number | undefined;
}

export interface BuildSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface BuildReport {
  readonly result: BuildResult;
  /** It was told to stop before its end: what was done until then is recorded, and the next build goes on. */
  readonly isInterrupted: boolean;
  readonly source: RefreshReport;
  readonly staticWritten: readonly string[];
  readonly staticRemoved: readonly string[];
  readonly staticProblems: readonly StaticProblem[];
  /** Files and folders of `static/` that begin with a dot. */
  readonly staticLeftOut: readonly string[];
  readonly brokenTemplates: readonly BrokenTemplate[];
  /** Undefined when they weren't written: in a dry run, or when only some routes were built. */
  readonly sitemaps: SitemapReport | undefined;
  /** The directory, absolute; or what the store is called elsewhere. */
  readonly storeName: string;
  /** What was asked of the store, by the prices of the config. */
  readonly cost: Cost;
  readonly threads: number;
  /** Milliseconds by stretch of work, in the order they were done. */
  readonly stretches: ReadonlyMap<string, number>;
}

const NOTHING_NEW: RefreshReport = {
  records: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
  kept: 0,
  problems: [],
  problemCount: 0,
};

/** What a build reports that was told to stop while it took the source in: that is all or nothing. */
const NOTHING_DONE = {
  result: { plan: { whole: new Map(), changes: [] }, withheld: 0, maxDeletes: 0, version: 0, isInterrupted: true },
  isInterrupted: true,
  source: NOTHING_NEW,
  staticWritten: [],
  staticRemoved: [],
  sitemaps: undefined,
} as const;

/** Builds the site of a config on this machine. Told to stop, it ends early, and its report says so. */
export async function runBuild(options: RunBuildOptions, surroundings: BuildSurroundings): Promise<BuildReport> {
  const { environment, clock, progress, signal } = surroundings;
  const stretches = new Map<string, number>();
  let since = performance.now();
  const stretch = (name: string): void => {
    const now = performance.now();
    stretches.set(name, (stretches.get(name) ?? 0) + now - since);
    since = now;
  };

  progress.phase("config");
  const config = await loadConfig(options.configFile, environment);
  const { site, code } = config;
  checkRoutes(options.routes ?? [], site);
  const wanted = options.routes === undefined ? undefined : new Set(options.routes);
  const inputs = await readInputs(config, environment);
  const { folders, templates, assets, problems: refused, leftOut, broken } = inputs;

  using stack = new DisposableStack();
  stack.use(lockProcess(folders.state, "build"));
  const storeSetup = storeSetupOf(site, folders);
  const cost = (): Cost => costOf({ ...storeRequests(storeSetup), queue: 0 }, site.prices);
  const store = stack.use(openPageStore(storeSetup, `${process.pid}-main`));
  store.removeTemporary();
  const opened = openRecord(store, "");
  const { ceiling: firstVersion } = opened.record;
  const source = stack.use(openSource(config, { firstVersion }));
  stretch("start");

  progress.phase("source");
  const { record: before } = opened;
  const threads = options.concurrency ?? availableParallelism();
  await using pool = new ThreadPool(pressCodeOf(inputs), threads, signal);
  let missing: Promise<readonly PageKey[] | undefined> | undefined;
  const refreshed = await unlessAborted(async () => {
    if (await source.isCurrent(signal)) return NOTHING_NEW;
    // Something changed: pages will be pressed, few of them unless it is the first build of a large site.
    const small = isSmall(source);
    const isLarge = !(await small);
    pool.warm(before.isFirstBuild && isLarge ? threads : 1);
    if (isLarge && !store.buries) missing = lookForMissing(folders, before, site.manifest, store, signal);
    return takeIn(source, config, { firstVersion, environment }, (count) => progress.records(count), signal, small);
  });
  source.turnTimes();
  if (refreshed === undefined) {
    stretch("source");
    const { manifest } = openForDryRun(stack, folders.state, before, site.manifest);
    const pages = stack.use(manifest).count();
    return {
      ...NOTHING_DONE,
      result: { ...NOTHING_DONE.result, tally: new BuildTally(progress), pages },
      staticProblems: refused,
      staticLeftOut: leftOut,
      brokenTemplates: broken,
      storeName: storeName(storeSetup),
      cost: cost(),
      threads,
      stretches,
    };
  }
  const manifestAndFile = options.isDryRun
    ? openForDryRun(stack, folders.state, before, site.manifest)
    : openManifest(folders.state, before, site.manifest);
  const { manifest } = manifestAndFile;
  stack.use(manifest);
  countOn(source, before, newestVersion({ record: before, isNewRecord: opened.isNew, ...manifestAndFile, store }));
  stretch("source");

  if (manifest.meta("bulk") !== undefined) manifest.finishBulk();
  const boot = bootId();
  if (!options.isDryRun && !store.buries) {
    // What was looked for before doesn't know of these.
    if (distrustTorn(manifest, store, boot).length > 0) missing = undefined;
    noteUnsynced(manifest, boot, clock());
  }
  const isFresh = before.isFirstBuild && manifestAndFile.isNew && store.isEmpty();
  const taken = takeTemplates(site, code, templates, assets, manifest);
  const registered = registerTemplates(before, taken, wanted);
  const unregistered = [...unregisteredRoutes(registered, taken)];
  const untouched = new Set(wanted === undefined ? [] : unregistered.filter((route) => !wanted.has(route)));
  let record: SiteRecord = {
    ...withVersion(registered, source.identity, source.version()),
    generation: manifestAndFile.isNew ? before.generation + 1 : before.generation,
  };
  const copying = {
    folder: folders.static,
    assets,
    manifest,
    store,
    isDryRun: options.isDryRun,
    replacesForeign: options.isForced,
  };
  // Whoever writes pages is noted in the manifest, so that what the dead have left is looked for.
  const { kind } = manifestAndFile.setup;
  const mayHaveDied = doubtfulWriters(manifest, kind).length > 0;
  const hasStrays = !isFresh && (manifestAndFile.isNew || areStraysLeft(manifest) || mayHaveDied);
  if (!options.isDryRun) {
    if (hasStrays) doubtRedirects(manifest);
    // A build of some routes, or one that is told to stop, looks for none: the next one has to.
    if (hasStrays && manifestAndFile.isNew) noteStrays(manifest, true);
    beginWriting(manifest, OWN_WRITER);
    writeSiteRecord(store, record);
    manifest.setMeta("generation", String(record.generation));
    manifest.setMeta("epoch", String(record.epoch));
    if (record.floor !== undefined) manifest.setMeta("floor", String(record.floor));
    raiseFloor({ manifest, store, clock });
    record = { ...record, floor: readSiteRecord(store)?.floor };
  }
  if (!options.isDryRun && store instanceof DirectoryPageStore) dropOldTwins(store, manifest, site.compress);
  const copied = copyStatic(copying);
  const problems = [...refused, ...copied.problems];
  stretch("static");

  const epochs = epochsOf(record);
  pool.open(pressSetupOf(inputs, record, manifestAndFile.setup, options.isDryRun));
  const reader = stack.use(source.reader());
  const result = await build(
    {
      site,
      source,
      reader,
      manifest,
      store,
      pool,
      staticKeys: staticKeysOf(assets),
      epochs,
      clock,
      progress,
      signal,
      missing: manifestAndFile.isNew ? undefined : missing,
      distrustsAnswers: hasStrays,
    },
    {
      routes: wanted,
      untouched,
      isDryRun: options.isDryRun,
      isForced: options.isForced,
      maxDeletes: options.maxDeletes,
      isFresh,
    },
  );
  if (!options.isDryRun) {
    const { times, rendered } = result.tally;
    notePace(manifest, { pages: rendered, ms: times.render + times.write + times.record, threads });
  }
  stretch("pages");
  let sitemaps: SitemapReport | undefined;
  let { isInterrupted } = result;
  if (!options.isDryRun && !isInterrupted && wanted === undefined) {
    if (hasStrays) {
      progress.phase("strays");
      const cap = options.maxDeletes ?? deleteCap(result.pages);
      const context = { store, manifest, nowSeconds: Math.floor(clock() / 1000) };
      problems.push(...dropStrays(context, result.version, cap, deadWriters(manifest, kind)));
      if (storeSetup.kind === "directory") removeEmptyFolders(storeSetup.folder, STATE_FOLDER);
    }
    problems.push(...settleHashedCopies(copying));
    if (store instanceof DirectoryPageStore) {
      makeLackingTwins(store, manifest, site.compress, { all: options.isForced || hasStrays });
    }
    progress.phase("sitemaps");
    const writing = { site, assets, manifest, store, replacesForeign: options.isForced, signal };
    sitemaps = await unlessAborted(async () => writeSitemaps(writing, { all: options.isForced }));
    problems.push(...(sitemaps?.problems ?? []));
    isInterrupted = sitemaps === undefined;
    if (record.isFirstBuild && !isInterrupted) {
      record = { ...record, isFirstBuild: false };
      writeSiteRecord(store, record);
    }
  }
  if (!options.isDryRun) endWriting(manifest, OWN_WRITER);
  stretch("end");
  return {
    result,
    isInterrupted,
    source: refreshed,
    staticWritten: copied.written,
    staticRemoved: copied.removed,
    staticProblems: problems,
    staticLeftOut: leftOut,
    brokenTemplates: broken,
    sitemaps,
    storeName: storeName(storeSetup),
    cost: cost(),
    threads,
    stretches,
  };
}

/** What `act` gives; undefined when it was told to stop. */
async function unlessAborted<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return undefined;
    throw error;
  }
}

/** Removes pages that no row tells of, unless they are too many; then the next build looks for them again. */
function dropStrays(
  context: BuryContext,
  version: number,
  maxDeletes: number,
  dead: readonly string[],
): readonly StaticProblem[] {
  const { store, manifest } = context;
  const { found, areNewer } = findStrays(store, manifest, version);
  noteStrays(manifest, areNewer || found.length > maxDeletes);
  if (found.length <= maxDeletes) {
    removeStrays(context, found, version);
    if (!areNewer) for (const one of dead) endWriting(manifest, one);
    return [];
  }
  const message = `${found.length} pages in the store belong to no entity, this one first; more than ${maxDeletes} removals are withheld: --max-deletes ${found.length} removes them`;
  return [{ file: found[0] ?? "", message }];
}

/** A dry run writes no manifest: where there is none it makes one elsewhere, and removes it. */
function openForDryRun(
  stack: DisposableStack,
  state: string,
  record: SiteRecord,
  declared: ManifestModel,
): OpenedManifest {
  const known = openKnownManifest(state, record, declared);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), "rekiln-dry-run-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const setup = { kind: "sqlite" as const, file: join(folder, "manifest.db") };
  return { manifest: openManifestOf(setup), setup, isNew: true };
}

/**
 * Looks for pages whose file is gone while another thread takes the source in: it asks for every file of the site. Undefined where nothing is
 * known of the pages, or looking failed: then the build looks itself, and says why.
 */
async function lookForMissing(
  folders: Pick<SiteFolders, "state">,
  record: SiteRecord,
  declared: ManifestModel,
  store: PageStore,
  signal: AbortSignal,
): Promise<readonly PageKey[] | undefined> {
  try {
    const known = openKnownManifest(folders.state, record, declared);
    if (known === undefined) return undefined;
    using manifest = known.manifest;
    const missing: PageKey[] = [];
    for (const piece of missingPages(manifest, store)) {
      missing.push(...piece);
      await setImmediate();
      signal.throwIfAborted();
    }
    return missing;
  } catch {
    return undefined;
  }
}
