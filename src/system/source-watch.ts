import type { FSWatcher } from "chokidar";

import { messageOf } from "../core/errors.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { refreshInThread } from "./source-thread.ts";

/** Editors write a file in several steps. */
const SETTLE_MS = 50;
/** Others never stop writing. */
const SETTLE_MAX_MS = 500;
const PROBLEMS_SHOWN_MAX = 5;

export interface SourceWatchOptions {
  readonly config: LoadedConfig;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly firstVersion: number;
  /** Called after changes were taken in. */
  readonly onTaken: () => Promise<void>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Takes the files of a source in whenever they change, one after the other. */
export class SourceWatch implements AsyncDisposable {
  readonly #options: SourceWatchOptions;
  readonly #watcher: FSWatcher;
  #timer: NodeJS.Timeout | undefined;
  /** Of the first change that hasn't been taken in. */
  #dirtySince = 0;
  #taking: Promise<void> | undefined;
  #isDirty = false;

  private constructor(options: SourceWatchOptions, watcher: FSWatcher) {
    this.#options = options;
    this.#watcher = watcher;
    watcher.on("all", () => this.#changed());
    watcher.on("error", (error) => options.warn(`The data folder can't be watched: ${messageOf(error)}`));
  }

  static async start(options: SourceWatchOptions): Promise<SourceWatch> {
    // Imported here: nobody else needs it.
    const { watch } = await import("chokidar");
    const watcher = watch(options.folder, { ignoreInitial: true });
    const self = new SourceWatch(options, watcher);
    await new Promise<void>((resolve) => watcher.once("ready", resolve));
    // What changed while nobody watched.
    self.#isDirty = true;
    await self.#take();
    return self;
  }

  #changed(): void {
    const now = performance.now();
    if (!this.#isDirty) this.#dirtySince = now;
    this.#isDirty = true;
    clearTimeout(this.#timer);
    const leftMs = SETTLE_MAX_MS - (now - this.#dirtySince);
    this.#timer = setTimeout(() => void this.#take(), Math.max(0, Math.min(SETTLE_MS, leftMs)));
  }

  async #take(): Promise<void> {
    this.#taking ??= this.#takeAll().finally(() => (this.#taking = undefined));
    await this.#taking;
  }

  async #takeAll(): Promise<void> {
    const { config, environment, firstVersion, onTaken, warn, signal } = this.#options;
    while (this.#isDirty && !signal.aborted) {
      this.#isDirty = false;
      try {
        const report = await refreshInThread(config, { firstVersion, environment }, () => undefined, signal);
        for (const { place, message } of report.problems.slice(0, PROBLEMS_SHOWN_MAX)) warn(`${place}: ${message}`);
        await onTaken();
      } catch (error) {
        // A file half written, or a folder that is being replaced: the next change tells of it again.
        if (!signal.aborted) warn(messageOf(error));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#watcher.close();
    await this.#taking;
  }
}
