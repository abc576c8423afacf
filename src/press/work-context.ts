import type { Clock } from "../core/clock.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Lane, Queue, Sleep } from "../queue/queue.ts";
import type { Site } from "../site/site.ts";
import type { SourceReader } from "../source/source.ts";
import type { PressPool } from "./press-pool.ts";
import type { ExpandContext } from "./work-expand.ts";
import type { WorkMetrics } from "./work-metrics.ts";
import type { WorkTally } from "./work-tally.ts";

/** Why a worker must not go on with what it was started with. */
export type Standing = { readonly kind: "current" } | { readonly kind: "replaced"; readonly message: string };

export interface WorkContext {
  readonly site: Site;
  readonly reader: SourceReader;
  /** A further reader: an expansion keeps its snapshot while others take newer ones. */
  readonly openReader: () => SourceReader;
  readonly manifest: Manifest;
  readonly pool: PressPool;
  readonly queue: Queue;
  /** Of the whole set of templates. */
  readonly epoch: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly metrics: WorkMetrics;
  /** Whether templates and manifest are still those that the worker was started with. */
  readonly standing: () => Standing;
  /** Tells this worker from all others. */
  readonly holder: string;
  readonly knownBefore: ExpandContext["knownBefore"];
  /** Whether another process that pressed pages of this site died, and no build has been since. */
  readonly haveOthersDied: () => boolean;
  /** Looks for data of a version that a message asks for and that isn't here; whether it found any is seen in the next snapshot. */
  readonly catchUp?: ((version: number) => Promise<void>) | undefined;
  /** Sends what waits in the outbox. */
  readonly relay: () => Promise<void>;
  /** Resolves when all pages and rows that were stored before it was called outlive a power failure. */
  readonly sync: () => Promise<void>;
  /** Lets others have their turn. */
  readonly breathe: () => Promise<void>;
  /**
   * Brings up to date what follows the pages: sitemaps, paths that were left. Called now and then, and at the end; `isDrained` when the
   * queue is empty then, and nobody holds a message of it.
   */
  readonly settle: (isDrained: boolean) => Promise<void>;
  readonly onProgress: (tally: WorkTally) => void;
  /** Told of failures that the worker outlives. */
  readonly warn?: (message: string) => void;
  /** As of `ExpandContext`. */
  readonly namedMax?: number | undefined;
  /** Where what is done is added up; a new one unless given. */
  readonly tally?: WorkTally | undefined;
}

export interface WorkOptions {
  readonly lanes: readonly Lane[];
  readonly untilEmpty: boolean;
  readonly maxDeletes: number | undefined;
  /** About how long a page that failed waits for its first retry; each further one waits twice as long. Default 2. */
  readonly retrySeconds?: number | undefined;
  /** Stops receiving; what was received is still done. */
  readonly stop: AbortSignal;
  /** Gives up what is under way: it is released. */
  readonly abort: AbortSignal;
}

export interface WorkResult {
  readonly tally: WorkTally;
  readonly ended: "empty" | "stopped" | "replaced";
  /** Why, when it was replaced. */
  readonly message: string | undefined;
  /** Messages that were given back unfinished. */
  readonly released: number;
}
