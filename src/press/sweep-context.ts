import type { EntityChange } from "../core/change.ts";
import type { Clock } from "../core/clock.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Queue, Sleep } from "../queue/queue.ts";
import type { Site } from "../site/site.ts";
import type { Outbox } from "../source/outbox.ts";
import type { Source, SourceReader } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import type { PressPool } from "./press-pool.ts";
import type { LateRoute } from "./sweep-pace.ts";
import type { SweepTally } from "./sweep-tally.ts";
import type { WorkMetrics } from "./work-metrics.ts";
import type { Standing } from "./work-context.ts";

/** What a mirror had to take in. */
export interface SweepRefresh {
  /** Entities that had changed, without anybody telling of it. */
  readonly found: number;
  /** The versions that were made of it: above `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  /** What the clock has let appear or go; undefined when that was too much to tell. */
  readonly turned: readonly EntityChange[] | undefined;
}

export interface SweepContext {
  readonly site: Site;
  readonly source: Pick<Source, "changesSince">;
  readonly outbox: Outbox;
  readonly reader: SourceReader;
  readonly manifest: Manifest;
  readonly store: Pick<PageStore, "etag">;
  readonly pool: PressPool;
  readonly queue: Pick<Queue, "depth" | "peek">;
  readonly epochs: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly metrics: WorkMetrics;
  readonly standing: () => Standing;
  /** Tells this sweeper from all others, also those before it. */
  readonly holder: string;
  /** Takes in what a mirrored source has, and tells the queue of it; undefined when nothing had changed. */
  readonly refresh: () => Promise<SweepRefresh | undefined>;
  readonly settle: () => Promise<void>;
  readonly onProgress: (tally: SweepTally) => void;
  readonly warn: (message: string) => void;
  /** Told of routes that are behind, and how many pages a second would be needed. */
  readonly onLate: (late: readonly LateRoute[], neededPerSecond: number) => void;
}

export interface SweepOptions {
  /** In which each page of a route without a period of its own is verified once. */
  readonly periodSeconds: number;
  /** Most pages a second; undefined is as fast as it is needed. */
  readonly rate: number | undefined;
  /** Goes over everything once, at once, and ends. */
  readonly once: boolean;
  /** Ends when nothing is due now, for a sweeper that is started again and again; what it missed in between is caught up with. */
  readonly endsIdle?: boolean | undefined;
  /** Renders every page, also those that are proven. */
  readonly isDeep: boolean;
  /** Only these routes; undefined is all. */
  readonly routes: ReadonlySet<string> | undefined;
  readonly maxDeletes: number | undefined;
  readonly stop: AbortSignal;
}

export interface SweepResult {
  readonly tally: SweepTally;
  readonly ended: "done" | "stopped" | "replaced";
  readonly message: string | undefined;
}
