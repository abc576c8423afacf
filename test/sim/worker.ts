import { newestSeen } from "../../src/press/newest-version.ts";
import { settleLeft } from "../../src/press/settle-left.ts";
import { parseSiteRecord, registerTemplates } from "../../src/press/site-record.ts";
import { beginWriting, endWriting, writers } from "../../src/press/strays.ts";
import { distrustTorn, noteUnsynced } from "../../src/press/unsynced.ts";
import { work } from "../../src/press/work.ts";
import type { Standing, WorkResult } from "../../src/press/work-context.ts";
import { NO_METRICS } from "../../src/press/work-metrics.ts";
import { RecordKeeper } from "../../src/system/record-keeper.ts";
import { OpenedSite, SimReader, templatesRead } from "./opened-site.ts";
import type { SimProcess } from "./scheduler.ts";
import type { World } from "./world.ts";

/** As of `rekiln work`. */
const LEFT_GRACE_SECONDS = 60;

export interface Drain {
  readonly untilEmpty: boolean;
  readonly stop: AbortSignal;
}

/** What `rekiln work` does, but for its config, its static files and its threads. @returns undefined when it can't start */
export async function runWorker(
  world: World,
  process: SimProcess,
  { untilEmpty, stop }: Drain,
): Promise<WorkResult | undefined> {
  await process.turn("open");
  const { manifest } = world;
  const text = world.files.record;
  const record = text === undefined ? undefined : parseSiteRecord(text);
  if (record === undefined || manifest === undefined) return undefined;
  if (manifest.meta("generation") !== String(record.generation)) return undefined;
  if (manifest.meta("complete") === undefined || manifest.meta("bulk") !== undefined) return undefined;
  const opened = new OpenedSite(world, process, manifest, true);
  const taken = templatesRead(opened.set);
  if (registerTemplates(record, taken).epoch !== record.epoch) return undefined;
  await process.turn("opened");
  const { site, store, queue, clock } = opened;
  if (world.source.version() < Math.max(record.version, newestSeen(manifest))) return undefined;
  const keeper = new RecordKeeper(store, manifest, world.source);
  keeper.keep();
  const standing = (): Standing => {
    process.check();
    const now = keeper.read();
    if (now?.epoch !== record.epoch) return { kind: "replaced", message: "newer templates" };
    const isSame = now.generation === record.generation && world.manifest === manifest;
    return isSame ? { kind: "current" } : { kind: "replaced", message: "another manifest" };
  };
  const abort = new AbortController();
  const epochs = new Map(Object.entries(record.routes).map(([route, { epoch }]) => [route, epoch]));
  beginWriting(manifest, process.name);
  distrustTorn(manifest, store, String(world.boots));
  noteUnsynced(manifest, String(world.boots), clock());
  const result = await work(
    {
      site,
      reader: new SimReader(world, world.faults.lagMs),
      openReader: () => new SimReader(world, world.faults.lagMs),
      sync: async () => process.turn("sync"),
      breathe: async () => process.turn("breathe"),
      manifest,
      pool: opened.pool(epochs, record.epoch, false, abort.signal),
      queue,
      epoch: record.epoch,
      clock,
      sleep: process.sleep,
      random: world.chance.number,
      metrics: NO_METRICS,
      standing,
      holder: process.name,
      knownBefore: (type, id) => {
        const changes = world.source.changesSince(Number(manifest.meta("complete")));
        if (changes === undefined) return undefined;
        return changes.find((change) => change.type === type && change.id === id)?.before ?? [];
      },
      haveOthersDied: () => writers(manifest).some((one) => !world.isAlive(one)),
      relay: opened.relay,
      settle: async (isDrained) => {
        await process.turn("settle");
        process.check();
        keeper.keep();
        const isAlone = writers(manifest).every((one) => one === process.name || !world.isAlive(one));
        const graceSeconds = isDrained && isAlone ? 0 : LEFT_GRACE_SECONDS;
        const left = { site, manifest, store, staticKeys: new Set<string>(), epochs, clock };
        settleLeft(left, new SimReader(world, 0).snapshot(), { graceSeconds, isComplete: false });
      },
      onProgress: () => undefined,
    },
    { lanes: ["live", "bulk"], untilEmpty, maxDeletes: world.faults.maxDeletes, stop, abort: abort.signal },
  );
  endWriting(manifest, process.name);
  return result;
}
