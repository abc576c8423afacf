import { sweep } from "../press/sweep.ts";
import type { SweepOptions, SweepRefresh, SweepResult } from "../press/sweep-context.ts";
import type { SweepTally } from "../press/sweep-tally.ts";
import type { WorkMetrics } from "../press/work-metrics.ts";
import { EmbeddedSource } from "../source/embedded-source.ts";
import { lateText } from "./late-text.ts";
import { PostgresSource } from "../source/postgres-source.ts";
import { sleep } from "./sleep.ts";
import { takeIn } from "./take-in.ts";
import type { WorkingSite } from "./working-site.ts";

export type SweepSettings = Pick<SweepOptions, "periodSeconds" | "rate" | "isDeep" | "routes">;

export interface SweepSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stop: AbortSignal;
  readonly metrics: WorkMetrics;
  readonly warn: (message: string) => void;
  readonly onProgress: (tally: SweepTally) => void;
}

/** A database is read whole so often in a period: nothing tells beforehand whether it changed. */
const DATABASE_READS = 4;

/** Tells sweepers of one process apart. */
let sweepers = 0;

/** Sweeps a site on this machine. */
export async function sweepSite(
  opened: WorkingSite,
  options: Omit<SweepOptions, "stop">,
  { environment, stop, metrics, warn, onProgress }: SweepSurroundings,
): Promise<SweepResult> {
  const { config, source, reader, manifest, store, pool, queue, epochs, standing, settle, relay, record } = opened;
  let readAt = Number.NEGATIVE_INFINITY;
  const isReadLately = (): boolean =>
    source instanceof PostgresSource && Date.now() - readAt < (options.periodSeconds * 1000) / DATABASE_READS;
  const refresh = async (): Promise<SweepRefresh | undefined> => {
    const from = source.version();
    if (!(source instanceof EmbeddedSource) && !isReadLately() && !(await source.isCurrent(stop))) {
      await takeIn(source, config, { firstVersion: record.ceiling, environment }, () => undefined, stop);
      readAt = Date.now();
    }
    const to = source.version();
    const found = to === from ? 0 : (source.changesSince(from)?.length ?? 0);
    const turned = source.turnTimes() > 0 ? source.changesSince(to) : [];
    await relay();
    return found === 0 && turned?.length === 0 ? undefined : { found, from, to, turned };
  };
  return sweep(
    {
      site: config.site,
      source,
      outbox: source.outbox,
      reader,
      manifest,
      store,
      pool,
      queue,
      epochs,
      clock: Date.now,
      sleep,
      metrics,
      standing,
      holder: `${process.pid}-${sweepers++}-sweep`,
      refresh,
      settle,
      onProgress,
      warn,
      onLate: (late, needed) => warn(lateText(late, needed, options.rate)),
    },
    { ...options, stop },
  );
}
