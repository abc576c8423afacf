import { mkdirSync } from "node:fs";

import { messageOf, RekilnError } from "../core/errors.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import { SnapshotSource } from "../source/snapshot-source.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { openSource } from "./open-source.ts";
import { siteFolders } from "./site-folders.ts";
import { sleep } from "./sleep.ts";
import { takeNewest } from "./take-in.ts";

const EVERY_SECONDS = 30;
/** Messages that ask for what isn't there have it looked for this often at most. */
const ASKED_MS = 1000;

export interface FollowSnapshotOptions {
  readonly config: LoadedConfig;
  readonly source: Mirror | EmbeddedSource;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called after a newer snapshot was loaded. */
  readonly onTaken: () => Promise<void>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
  /** Whether messages wait for a snapshot that is being loaded, instead of being set aside. */
  readonly waits: boolean;
}

/** A snapshot that is followed, until this is disposed of. */
export interface SnapshotFollow extends AsyncDisposable {
  /** Looks for a snapshot of at least this version. Resolves when that is known to be there or not, or at once where nobody waits. */
  catchUp(version: number): Promise<void>;
}

type Surroundings = Pick<FollowSnapshotOptions, "environment" | "warn" | "signal">;

/**
 * Loads the current snapshot before work begins, if the source is one. Where it can't be had, what was loaded before is good enough to begin with.
 *
 * @throws RekilnError as `SnapshotSource.refresh`, when nothing was loaded before
 */
export async function loadSnapshot(config: LoadedConfig, surroundings: Surroundings): Promise<void> {
  if (config.site.source.kind !== "snapshot") return;
  mkdirSync(siteFolders(config).state, { recursive: true, mode: 0o750 });
  using source = openSource(config, { firstVersion: 0 });
  try {
    await loadNewest(config, source, surroundings);
  } catch (error) {
    const isLoaded = source instanceof SnapshotSource && source.loaded !== undefined;
    if (!isLoaded || surroundings.signal.aborted || !(error instanceof RekilnError)) throw error;
    surroundings.warn(`${error.message} Work begins with version ${source.version()}, which was loaded before.`);
  }
}

async function loadNewest(
  config: LoadedConfig,
  source: Mirror | EmbeddedSource,
  { environment, signal }: Surroundings,
): Promise<boolean> {
  return (await takeNewest(source, config, { environment, firstVersion: 0 }, () => undefined, signal)) !== undefined;
}

/** Loads newer snapshots as they come, if the source is one. While there are none to be had, work goes on with the last one. */
export function followSnapshot(options: FollowSnapshotOptions): SnapshotFollow | undefined {
  const { source } = options.config.site;
  if (source.kind !== "snapshot") return undefined;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const following = new Following({ ...options, signal });
  const ended = following.run((source.everySeconds ?? EVERY_SECONDS) * 1000);
  return {
    catchUp: (version) => following.catchUp(version),
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await ended;
    },
  };
}

class Following {
  readonly #options: FollowSnapshotOptions;
  #looking: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** What was said last: each is said once. */
  #warned = "";
  #missing = 0;

  constructor(options: FollowSnapshotOptions) {
    this.#options = options;
  }

  async run(everyMs: number): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      await sleep(everyMs, signal);
      if (!signal.aborted) await this.#look();
    }
    await this.#looking;
  }

  async catchUp(version: number): Promise<void> {
    const { source, waits } = this.#options;
    if (source.version() >= version) return;
    const looking = performance.now() - this.#lookedAt < ASKED_MS ? this.#looking : this.#look();
    if (!waits) return;
    await looking;
    this.#tellOfMissing(version);
  }

  /** One look at a time: who comes meanwhile gets what it brings. */
  #look(): Promise<void> {
    this.#looking ??= this.#take().finally(() => {
      this.#looking = undefined;
      this.#lookedAt = performance.now();
    });
    return this.#looking;
  }

  async #take(): Promise<void> {
    const { config, source, onTaken, warn, signal } = this.#options;
    try {
      if (await loadNewest(config, source, this.#options)) await onTaken();
      if (this.#warned !== "") warn("The snapshot is followed again.");
      this.#warned = "";
    } catch (error) {
      if (signal.aborted) return;
      const hint = error instanceof RekilnError && error.hint !== undefined ? ` ${error.hint}` : "";
      const said = `${messageOf(error)}${hint}`;
      if (said !== this.#warned) warn(said);
      this.#warned = said;
    }
  }

  #tellOfMissing(version: number): void {
    const { source, warn } = this.#options;
    if (source.version() >= version || version <= this.#missing) return;
    this.#missing = version;
    warn(
      `Changes up to version ${version} wait: the snapshot has version ${source.version()}. The next one brings them.`,
    );
  }
}
