import { encodeWork } from "../../src/core/work-message.ts";
import { deleteCap } from "../../src/press/deletes.ts";
import { build } from "../../src/press/build.ts";
import type { BuildResult } from "../../src/press/build.ts";
import { parseSiteRecord, registerTemplates, unregisteredRoutes } from "../../src/press/site-record.ts";
import type { SiteRecord } from "../../src/press/site-record.ts";
import { doubtRedirects } from "../../src/press/settle-left.ts";
import {
  areStraysLeft,
  beginWriting,
  endWriting,
  findStrays,
  noteStrays,
  removeStrays,
  writers,
} from "../../src/press/strays.ts";
import { distrustTorn, noteUnsynced } from "../../src/press/unsynced.ts";
import { newestVersion, openRecord, withVersion } from "../../src/system/site-state.ts";
import { OpenedSite, SimReader, templatesRead } from "./opened-site.ts";
import type { SimProcess } from "./scheduler.ts";
import { SimManifest } from "./sim-manifest.ts";
import { SimStore } from "./sim-store.ts";
import type { World } from "./world.ts";

const silent = {
  phase: () => undefined,
  expect: () => undefined,
  records: () => undefined,
  outcomes: () => undefined,
};

const textOf = (record: SiteRecord): string => JSON.stringify(record);

/** What `rekiln build` does, but for its config, its static files and its threads. @returns undefined when another one builds */
export async function runBuilder(
  world: World,
  process: SimProcess,
  options: {
    readonly isForced: boolean;
    readonly routes: ReadonlySet<string> | undefined;
    readonly maxDeletes: number | undefined;
  },
): Promise<BuildResult | undefined> {
  await process.turn("open");
  if (world.buildLock !== undefined) return undefined;
  world.buildLock = process;
  const { source } = world;
  const store = new SimStore(world, process.name);
  // It leaves alone what processes that live have staged.
  for (const [name, { writer }] of world.files.staged) {
    const owner = [...world.processes].find((one) => writer === one.name || writer.startsWith(`${one.name}-`));
    if (owner?.isDead !== false) world.files.staged.delete(name);
  }
  const { record: before, isNew: isNewRecord } = openRecord(store, "");
  await process.turn("source");
  const { manifest, isNew } = openManifest(world, before);
  const newest = newestVersion({ record: before, manifest, store, isNewRecord, isNew });
  if (source.version() < newest) {
    source.raiseVersion(Math.max(before.ceiling, newest));
    world.trace(`versions go on at ${source.version()}`);
  }
  const opened = new OpenedSite(world, process, manifest);
  const { set, site, clock } = opened;
  if (manifest.meta("bulk") !== undefined) manifest.finishBulk();
  distrustTorn(manifest, store, String(world.boots));
  noteUnsynced(manifest, String(world.boots), clock());
  const isFresh = before.isFirstBuild && isNew && store.isEmpty();
  const { routes } = options;
  const templates = templatesRead(set);
  const registered = registerTemplates(before, templates, routes);
  const untouched = new Set(routes === undefined ? [] : unregisteredRoutes(registered, templates));
  for (const route of routes ?? []) untouched.delete(route);
  const record: SiteRecord = {
    ...withVersion(registered, source.identity, source.version()),
    siteId: "simulated",
    generation: isNew ? before.generation + 1 : before.generation,
  };
  world.setOfEpoch.set(record.epoch, set);
  const end = world.beginBuild(routes === undefined, record.epoch === before.epoch ? undefined : "new templates");
  const hasStrays = !isFresh && (isNew || areStraysLeft(manifest) || deadWriters(world, manifest).length > 0);
  if (hasStrays) doubtRedirects(manifest);
  if (hasStrays && isNew) noteStrays(manifest, true);
  beginWriting(manifest, process.name);
  store.writeRecord(textOf(record));
  manifest.setMeta("generation", String(record.generation));
  manifest.setMeta("epoch", String(record.epoch));
  await process.turn("build");
  const epochs = new Map(Object.entries(record.routes).map(([route, { epoch }]) => [route, epoch]));
  const { signal } = new AbortController();
  const result = await build(
    {
      site,
      source,
      reader: new SimReader(world, 0),
      manifest,
      store,
      pool: opened.pool(epochs, record.epoch, record.isFirstBuild, signal),
      staticKeys: new Set(),
      epochs,
      clock,
      progress: silent,
      signal,
      distrustsAnswers: hasStrays,
    },
    { routes, untouched, isDryRun: false, isForced: options.isForced, maxDeletes: options.maxDeletes, isFresh },
  );
  process.check();
  if (routes === undefined) {
    const { found, areNewer } = hasStrays
      ? findStrays(store, manifest, result.version)
      : { found: [], areNewer: false };
    const isWithheld = found.length > (options.maxDeletes ?? deleteCap(result.pages));
    if (hasStrays) noteStrays(manifest, areNewer || isWithheld);
    if (!isWithheld) {
      removeStrays({ store, manifest, nowSeconds: Math.floor(clock() / 1000) }, found, result.version);
      if (hasStrays && !areNewer) for (const dead of deadWriters(world, manifest)) endWriting(manifest, dead);
    }
    if (record.isFirstBuild) store.writeRecord(textOf({ ...record, isFirstBuild: false }));
  }
  endWriting(manifest, process.name);
  end();
  world.trace(`${process.name} built ${JSON.stringify([...result.plan.whole])}`);
  return result;
}

/** Processes that began to write pages, and died before they said that they had ended. */
function deadWriters(world: World, manifest: SimManifest): readonly string[] {
  return writers(manifest).filter((writer) => !world.isAlive(writer));
}

/** The manifest of the record's generation; one of another generation is thrown away. */
function openManifest(world: World, record: SiteRecord): { readonly manifest: SimManifest; readonly isNew: boolean } {
  const { manifest } = world;
  if (manifest?.meta("generation") === String(record.generation) && record.generation > 0)
    return { manifest, isNew: false };
  const made = new SimManifest(world);
  world.manifest = made;
  return { manifest: made, isNew: true };
}

/** What `rekiln release` does: registers the templates that are on the disk, and queues the routes that they touch. */
export async function runRelease(world: World, process: SimProcess): Promise<void> {
  await process.turn("open");
  const { manifest, source } = world;
  const text = world.files.record;
  const record = text === undefined ? undefined : parseSiteRecord(text);
  if (record === undefined || manifest?.meta("complete") === undefined || world.buildLock !== undefined) return;
  if (manifest.meta("generation") !== String(record.generation)) return;
  world.buildLock = process;
  const { set, store, queue } = new OpenedSite(world, process, manifest);
  const registered = registerTemplates(record, templatesRead(set));
  const changed = Object.keys(registered.routes).filter(
    (route) => registered.routes[route]?.epoch !== record.routes[route]?.epoch,
  );
  if (changed.length === 0) return;
  const version = source.version();
  const since = world.scheduler.clock();
  const bodies = changed.map((route) => ({
    body: encodeWork({ kind: "route", route, version, epoch: registered.epoch, isForced: false, since, waited: 0 }),
  }));
  for (const result of await queue.send("bulk", bodies)) if (result.kind === "failed") throw result.error;
  await process.turn("register");
  world.setOfEpoch.set(registered.epoch, set);
  manifest.transact(() => {
    store.writeRecord(textOf(withVersion(registered, source.identity, version)));
    manifest.setMeta("epoch", String(registered.epoch));
  });
  world.counts.add("epochs");
}
