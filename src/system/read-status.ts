import type { Clock } from "../core/clock.ts";
import { RekilnError } from "../core/errors.ts";
import type { PageStates, StalePage } from "../manifest/manifest.ts";
import type { Drift, DriftCause, SweepState } from "../manifest/sweep-state.ts";
import { deleteCap, deletesInHour } from "../press/deletes.ts";
import { publisherStatus } from "../press/publisher-status.ts";
import type { PublisherStatus } from "../press/publisher-status.ts";
import type { Lane, LaneDepth } from "../queue/queue.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { Source } from "../source/source.ts";
import { openBuiltSite } from "./built-site.ts";
import { openQueue } from "./open-queue.ts";
import { OutageFile } from "./outage-file.ts";
import { siteFolders } from "./site-folders.ts";

const STALE_LISTED_MAX = 20;
const DRIFT_SECONDS = 30 * 86_400;

export interface RouteStatus {
  readonly route: string;
  /** In which its templates, or the code, changed last; undefined for one that was never registered. */
  readonly epoch: number | undefined;
  /** At which it was last rendered whole. */
  readonly built: number | undefined;
}

/** How deep a site's queue is, or why it can't be asked. */
type QueueStatus = Readonly<Record<Lane, LaneDepth>> | { readonly error: RekilnError };

/** How a site is at one moment. */
export interface SiteStatus {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly queue: QueueStatus;
  readonly publisher: PublisherStatus;
  readonly pages: PageStates;
  /** The pages that have been stale longest. */
  readonly stale: readonly StalePage[];
  readonly source: {
    readonly version: number;
    /** The version that the last complete build passed; undefined before the first. */
    readonly complete: number | undefined;
    /** Entities that changed since then; undefined when that isn't known, so that the next build is whole. */
    readonly pending: number | undefined;
    /** There were more changes than are kept one by one. */
    readonly needsBuild: boolean;
  };
  readonly routes: readonly RouteStatus[];
  readonly sweep: {
    /** By route: since when (Unix seconds) all of its pages are verified; empty where no sweep ever ran. */
    readonly oldest: Readonly<Record<string, number>>;
    /** Pages that drifted within the last 30 days, by cause. */
    readonly drift: Readonly<Record<DriftCause, number>>;
    /** The newest of them. */
    readonly drifts: readonly Drift[];
  };
  readonly deletes: {
    readonly withheld: number;
    /** By workers, within the last hour. */
    readonly inHour: number;
    /** Most that they may, if nothing else is said. */
    readonly cap: number;
  };
}

/** Reads how a site is, as often as it is asked; changes nothing, and is in nobody's way. */
export class StatusReader {
  readonly #config: LoadedConfig;
  readonly #clock: Clock;
  /** Counting changes reads them all: once for the same two versions. */
  #counted: { readonly version: number; readonly complete: number; readonly pending: number | undefined } | undefined;

  constructor(config: LoadedConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** @throws RekilnError `site-not-built` */
  async read(): Promise<SiteStatus> {
    // Opened each time: a build may replace the manifest meanwhile.
    using built = openBuiltSite(this.#config);
    const { manifest, source, record, isComplete } = built;
    const at = this.#clock();
    const pages = manifest.states(Math.floor(at / 1000));
    const version = source.version();
    const complete = isComplete ? Number(manifest.meta("complete")) : undefined;
    const queue = await readQueue(this.#config);
    const outage = new OutageFile(siteFolders(this.#config)).read();
    return {
      at,
      queue,
      publisher: publisherStatus({ spooled: source.outbox.count(), outage }, !("error" in queue)),
      pages,
      stale: manifest.stalePages(STALE_LISTED_MAX),
      source: {
        version,
        complete,
        pending: complete === undefined ? undefined : this.#pending(source, version, complete),
        needsBuild: source.outbox.needsBuild(),
      },
      routes: [...this.#config.site.routes.keys()].map((route) => {
        const whole = manifest.meta(`built:${route}`);
        return { route, epoch: record.routes[route]?.epoch, built: whole === undefined ? undefined : Number(whole) };
      }),
      sweep: sweepStatus(manifest, Math.floor(at / 1000)),
      deletes: {
        withheld: pages.stale.withheld,
        inHour: deletesInHour(manifest, at),
        cap: deleteCap(pages.published),
      },
    };
  }

  #pending(source: Source, version: number, complete: number): number | undefined {
    if (this.#counted?.version !== version || this.#counted.complete !== complete) {
      this.#counted = { version, complete, pending: source.changesSince(complete)?.length };
    }
    return this.#counted.pending;
  }
}

/** In an outage all else can still be said. */
async function readQueue(config: LoadedConfig): Promise<QueueStatus> {
  try {
    using queue = openQueue(config);
    return await queue.depth();
  } catch (error) {
    if (error instanceof RekilnError) return { error };
    throw error;
  }
}

function sweepStatus({ sweep }: { readonly sweep: SweepState }, now: number): SiteStatus["sweep"] {
  const oldest: Record<string, number> = {};
  for (const { route, oldest: since } of sweep.sweeps(now)) oldest[route] = since;
  const from = now - DRIFT_SECONDS;
  return { oldest, drift: sweep.driftCounts(from), drifts: sweep.drifts(from, STALE_LISTED_MAX) };
}
