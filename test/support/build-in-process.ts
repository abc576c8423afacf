import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { PageKey } from "../../src/core/page.ts";
import type { ObjectKey } from "../../src/core/path.ts";
import type { Progress } from "../../src/core/progress.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { build } from "../../src/press/build.ts";
import type { BuildResult } from "../../src/press/build.ts";
import type { PressPool } from "../../src/press/press-pool.ts";
import { raiseFloor } from "../../src/press/prune.ts";
import { registerTemplates, unregisteredRoutes } from "../../src/press/site-record.ts";
import type { SiteRecord } from "../../src/press/site-record.ts";
import { writeSitemaps } from "../../src/press/sitemap.ts";
import type { SitemapReport } from "../../src/press/sitemap.ts";
import type { Renderer } from "../../src/render/renderer.ts";
import type { Site } from "../../src/site/site.ts";
import { FilesSource } from "../../src/source/files-source.ts";
import type { Mirror } from "../../src/source/mirror.ts";
import type { Source } from "../../src/source/source.ts";
import { DirectoryPageStore } from "../../src/store/directory.ts";
import { openManifestOf } from "../../src/system/open-manifest.ts";
import { LOCAL_MANIFEST } from "../../src/site/check-manifest.ts";
import { newestVersion, openManifest, openRecord, withVersion } from "../../src/system/site-state.ts";
import { inlineContext, InlinePool } from "./inline-pool.ts";

/** Where a site's data, pages and state are. */
export interface Folders {
  readonly data: string;
  readonly store: string;
  readonly state: string;
}

/** A site with its templates, as one build sees them. */
export interface TestedSite {
  readonly site: Site;
  readonly renderer: Renderer;
  /** By route: changes with its templates. */
  readonly fingerprints: ReadonlyMap<string, string>;
  /** Changes with the schemas. */
  readonly fingerprint: string;
}

/** Stands between a build and what it works with, to plant bugs. */
export interface Plant {
  readonly source?: (source: Source) => Source;
  /** For the build and for the press alike. */
  readonly manifest?: (manifest: Manifest) => Manifest;
  readonly pool?: (pool: PressPool) => PressPool;
}

export interface BuildInProcess {
  readonly nowMs: number;
  readonly isForced?: boolean;
  readonly routes?: ReadonlySet<string>;
  /** Stops the build when so many renders have begun. */
  readonly stopAfter?: number;
  readonly plant?: Plant;
  /** Instead of the files. */
  readonly openSource?: OpenSource;
}

/** Opens what a site's entities come from, over a mirror in its state folder. */
export type OpenSource = (options: {
  readonly mirror: string;
  readonly models: Site["entities"];
  readonly firstVersion: number;
}) => Mirror;

export interface BuiltInProcess extends BuildResult {
  /** Pages whose render was begun, each as often as it was. */
  readonly rendered: readonly PageKey[];
  /** Files that were not there for a moment, or are no longer. */
  readonly taken: ReadonlySet<string>;
  /** Undefined when only some routes were built. */
  readonly sitemaps: SitemapReport | undefined;
}

/** A store that notes what is taken out of it. */
export class WatchedStore extends DirectoryPageStore {
  readonly #taken: Set<string>;

  constructor(root: string, writer: string, taken: Set<string>) {
    super(root, writer);
    this.#taken = taken;
  }

  override remove(key: ObjectKey): void {
    if (this.etag(key) !== undefined) this.#taken.add(key);
    super.remove(key);
  }
}

/** So that a few pages make several shards, and a shard several parts. */
export const SMALL_SITEMAPS = { addresses: 3, bytes: 2000, shardPages: 2 };

const silent: Progress = {
  phase: () => undefined,
  expect: () => undefined,
  records: () => undefined,
  outcomes: () => undefined,
};

/** The files of a site's data. */
export function filesOf({ data }: Pick<Folders, "data">, { fingerprint }: Pick<TestedSite, "fingerprint">): OpenSource {
  return (options) => new FilesSource({ ...options, dir: data, name: "data/", fingerprint });
}

/** Builds a site as `runBuild` does, but for its config file, its static files and its threads. */
export async function buildInProcess(
  folders: Folders,
  tested: TestedSite,
  options: BuildInProcess,
): Promise<BuiltInProcess> {
  const { site, renderer, fingerprints } = tested;
  const { plant = {}, stopAfter = Number.POSITIVE_INFINITY } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const clock = (): number => options.nowMs;
  using stack = new DisposableStack();
  for (const folder of [folders.state, folders.store]) mkdirSync(folder, { recursive: true });

  const taken = new Set<string>();
  const store = new WatchedStore(folders.store, "main", taken);
  store.removeTemporary();
  const { record: before, isNew: isNewRecord } = openRecord(store, "");
  const openSource = options.openSource ?? filesOf(folders, tested);
  const mirror = join(folders.state, "entities.db");
  const files = stack.use(openSource({ mirror, models: site.entities, firstVersion: before.ceiling }));
  const source = plant.source?.(files) ?? files;
  await source.refresh(() => undefined, signal);

  const opened = openManifest(folders.state, before, LOCAL_MANIFEST);
  stack.use(opened.manifest);
  const newest = newestVersion({ record: before, isNewRecord, store, ...opened });
  if (source.version() < newest) source.raiseVersion(Math.max(before.ceiling, newest));
  const manifest = plant.manifest?.(opened.manifest) ?? opened.manifest;
  if (manifest.meta("bulk") !== undefined) manifest.finishBulk();
  const isFresh = before.isFirstBuild && opened.isNew && store.isEmpty();
  const templates = { routes: fingerprints, assets: new Map<string, string>(), usersOf: () => new Set<string>() };
  const registered = registerTemplates(before, templates, options.routes);
  const untouched = new Set(options.routes === undefined ? [] : unregisteredRoutes(registered, templates));
  for (const route of options.routes ?? []) untouched.delete(route);
  const record: SiteRecord = {
    ...withVersion(registered, source.identity, source.version()),
    generation: opened.isNew ? before.generation + 1 : before.generation,
  };
  store.writeRecord(JSON.stringify(record));
  manifest.setMeta("generation", String(record.generation));
  raiseFloor({ manifest, store, clock });

  const epochs = new Map(Object.entries(record.routes).map(([route, { epoch }]) => [route, epoch]));
  const ofThread = stack.use(openManifestOf(opened.setup));
  await using inline = new InlinePool(
    inlineContext({
      site,
      renderer,
      reader: stack.use(source.reader()),
      manifest: plant.manifest?.(ofThread) ?? ofThread,
      store: new WatchedStore(folders.store, "thread", taken),
      isFirstBuild: record.isFirstBuild,
      epochs,
      epoch: record.epoch,
      clock,
    }),
    signal,
    (rendered) => {
      if (rendered >= stopAfter) stop.abort();
    },
  );
  const result = await build(
    {
      site,
      source,
      reader: stack.use(source.reader()),
      manifest,
      store,
      pool: plant.pool?.(inline) ?? inline,
      staticKeys: new Set(),
      epochs,
      clock,
      progress: silent,
      signal,
    },
    {
      routes: options.routes,
      untouched,
      isDryRun: false,
      isForced: options.isForced ?? false,
      maxDeletes: undefined,
      isFresh,
    },
  );
  const writing = { site, assets: new Map(), manifest, store, replacesForeign: options.isForced ?? false, signal };
  const sitemaps =
    options.routes === undefined
      ? await writeSitemaps({ ...writing, limits: SMALL_SITEMAPS }, { all: options.isForced ?? false })
      : undefined;
  if (options.routes === undefined && record.isFirstBuild) {
    store.writeRecord(JSON.stringify({ ...record, isFirstBuild: false }));
  }
  return { ...result, rendered: inline.rendered, taken, sitemaps };
}
