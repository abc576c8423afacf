import { messageOf, RekilnError } from "../core/errors.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import { PostgresFollower } from "../source/postgres-follower.ts";
import { PostgresSource } from "../source/postgres-source.ts";
import type { RefreshReport } from "../source/source.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { capturedTablesOf } from "./open-source.ts";
import { sleep } from "./sleep.ts";
import { refreshInThread } from "./source-thread.ts";

/** Where no notice comes through, as behind some poolers, the outbox is looked at so often. */
const POLL_MS = 5000;
const BACK_OFF_MS = 500;
const BACK_OFF_MAX_MS = 30_000;
const PROBLEMS_SHOWN_MAX = 5;

export interface FollowOptions {
  readonly config: LoadedConfig;
  readonly source: Mirror | EmbeddedSource;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly firstVersion: number;
  /** Called after changes were taken in. */
  readonly onTaken: () => Promise<void>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
  /** Whether it begins only when all that waits is taken in, or can't be now. */
  readonly waits: boolean;
}

/** A database that is followed, until this is disposed of. */
export interface Follow extends AsyncDisposable {
  /** Whether it can't be followed now, so that changes may wait there. */
  readonly isBehind: boolean;
}

/**
 * Follows what a database notes of its changes, if the config names tables for that, until it is disposed of. While it can't be, it is tried
 * again and again: nothing is lost, and nothing deleted.
 */
export async function followDatabase(options: FollowOptions): Promise<Follow | undefined> {
  const { source, config, signal } = options;
  if (!(source instanceof PostgresSource) || capturedTablesOf(config).length === 0) return undefined;
  const ending = new AbortController();
  const following = new Following(options, source, AbortSignal.any([signal, ending.signal]));
  const ended = following.run();
  if (options.waits) await Promise.race([following.caughtUp, ended]);
  return {
    get isBehind() {
      return following.isBehind;
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await ended;
    },
  };
}

class Following {
  readonly #options: FollowOptions;
  readonly #source: PostgresSource;
  readonly #signal: AbortSignal;
  readonly #first = Promise.withResolvers<void>();
  #notice = Promise.withResolvers<void>();
  #warned = "";
  #trouble = 0;

  constructor(options: FollowOptions, source: PostgresSource, signal: AbortSignal) {
    this.#options = options;
    this.#source = source;
    this.#signal = signal;
  }

  get isBehind(): boolean {
    return this.#warned !== "";
  }

  /** Resolves when all that waited was taken in for the first time, or couldn't be. */
  get caughtUp(): Promise<void> {
    return this.#first.promise;
  }

  async run(): Promise<void> {
    const tables = capturedTablesOf(this.#options.config);
    while (!this.#signal.aborted) {
      try {
        const onNotice = (): void => this.#notice.resolve();
        await using follower = await PostgresFollower.connect(this.#source, tables, onNotice, this.#signal);
        await this.#follow(follower);
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#first.resolve();
        await this.#backOff(error);
      }
    }
  }

  async #follow(follower: PostgresFollower): Promise<void> {
    const { config, environment, firstVersion, onTaken, warn } = this.#options;
    while (!this.#signal.aborted) {
      // What is noted from here on wakes it up.
      this.#notice = Promise.withResolvers<void>();
      const followed = await follower.take();
      if (followed.kind === "taken") {
        this.#warnOf(followed.report);
      } else if (followed.kind === "whole") {
        const how = { environment, firstVersion };
        this.#warnOf(await refreshInThread(config, how, () => undefined, this.#signal));
        await follower.settle(followed.rows);
      }
      // What the queue doesn't take waits in the outbox here.
      if (followed.kind !== "nothing") await onTaken().catch((error: unknown) => warn(messageOf(error)));
      if (this.#warned !== "") warn("The changes of the database are followed again.");
      this.#warned = "";
      this.#trouble = 0;
      if (followed.kind !== "nothing") continue;
      this.#first.resolve();
      const waiting = new AbortController();
      await Promise.race([this.#notice.promise, sleep(POLL_MS, AbortSignal.any([waiting.signal, this.#signal]))]);
      waiting.abort();
    }
  }

  #warnOf({ problems, problemCount }: RefreshReport): void {
    const { warn } = this.#options;
    for (const { place, message } of problems.slice(0, PROBLEMS_SHOWN_MAX)) warn(`${place}: ${message}`);
    if (problemCount > PROBLEMS_SHOWN_MAX) warn(`… and ${problemCount - PROBLEMS_SHOWN_MAX} more bad records`);
  }

  /** A database that is down, being migrated, or followed by another one: each reason is said once. */
  async #backOff(error: unknown): Promise<void> {
    const hint = error instanceof RekilnError && error.hint !== undefined ? ` ${error.hint}` : "";
    const said = `${messageOf(error)}${hint}`;
    if (said !== this.#warned) this.#options.warn(said);
    this.#warned = said;
    const ms = Math.min(BACK_OFF_MS * 2 ** this.#trouble++, BACK_OFF_MAX_MS);
    await sleep(ms * (0.5 + Math.random() / 2), this.#signal);
  }
}
