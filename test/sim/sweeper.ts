import { parseSiteRecord } from "../../src/press/site-record.ts";
import { settleLeft } from "../../src/press/settle-left.ts";
import { sweep } from "../../src/press/sweep.ts";
import type { SweepOptions, SweepResult } from "../../src/press/sweep-context.ts";
import type { Standing } from "../../src/press/work-context.ts";
import { NO_METRICS } from "../../src/press/work-metrics.ts";
import { RecordKeeper } from "../../src/system/record-keeper.ts";
import { OpenedSite, SimReader } from "./opened-site.ts";
import type { SimProcess } from "./scheduler.ts";
import type { World } from "./world.ts";

/** What `rekiln sweep` does, but for its config, its static files and its threads. */
export async function runSweeper(
  world: World,
  process: SimProcess,
  options: Pick<SweepOptions, "periodSeconds" | "once" | "isDeep" | "stop">,
): Promise<SweepResult | undefined> {
  await process.turn("open");
  const { manifest } = world;
  const record = parseSiteRecord(world.files.record ?? "");
  if (record === undefined || manifest === undefined) return undefined;
  const opened = new OpenedSite(world, process, manifest);
  const { site, store, queue, clock } = opened;
  const keeper = new RecordKeeper(store, manifest, world.source);
  keeper.keep();
  const standing = (): Standing => {
    process.check();
    return { kind: "current" };
  };
  const epochs = new Map(Object.entries(record.routes).map(([route, { epoch }]) => [route, epoch]));
  const reader = new SimReader(world, 0);
  return sweep(
    {
      site,
      source: world.source,
      outbox: world.source.outbox,
      reader,
      manifest,
      store,
      pool: opened.pool(epochs, record.epoch, false, new AbortController().signal),
      // What is asked of it comes at once: nothing is ever in it.
      queue: { depth: async () => queue.depth(), peek: async (lane, limit) => queue.peek(lane, limit) },
      epochs,
      clock,
      sleep: process.sleep,
      metrics: NO_METRICS,
      standing,
      holder: process.name,
      refresh: async () => {
        await process.turn("refresh");
        return undefined;
      },
      settle: async () => {
        await process.turn("settle");
        keeper.keep();
        const left = { site, manifest, store, staticKeys: new Set<string>(), epochs, clock };
        settleLeft(left, reader.snapshot(), { graceSeconds: 60, isComplete: false });
      },
      onProgress: () => undefined,
      warn: (message) => world.trace(`${process.name}: ${message}`),
      onLate: () => world.counts.add("times behind"),
    },
    { ...options, rate: undefined, routes: undefined, maxDeletes: undefined },
  );
}
