import type { FSWatcher } from "chokidar";

import { messageOf } from "../core/errors.ts";

/** Editors write a file in several steps. */
const SETTLE_MS = 50;
/** Others never stop writing. */
const SETTLE_MAX_MS = 500;

export interface FileWatchOptions {
  /** Files and folders; one that isn't there yet may come. */
  readonly paths: readonly string[];
  /** Called once at the start, for what changed while nobody watched, and after changes; never twice at once. */
  readonly take: () => Promise<void>;
  /** Told what can't be watched, or taken: the next change tries it again. */
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Calls for a look at files whenever they change. */
export class FileWatch implements AsyncDisposable {
  readonly #options: FileWatchOptions;
  readonly #watcher: FSWatcher;
  #timer: NodeJS.Timeout | undefined;
  /** Of the first change that hasn't been taken. */
  #dirtySince = 0;
  #taking: Promise<void> | undefined;
  #isDirty = false;

  private constructor(options: FileWatchOptions, watcher: FSWatcher) {
    this.#options = options;
    this.#watcher = watcher;
    watcher.on("all", () => this.#changed());
    watcher.on("error", (error) => options.warn(`The files can't be watched: ${messageOf(error)}`));
  }

  static async start(options: FileWatchOptions): Promise<FileWatch> {
    // Imported here: nobody else needs it.
    const { watch } = await import("chokidar");
    const watcher = watch([...options.paths], { ignoreInitial: true });
    const self = new FileWatch(options, watcher);
    await new Promise<void>((resolve) => watcher.once("ready", resolve));
    self.#isDirty = true;
    await self.settled();
    return self;
  }

  /** Waits until what has changed is taken. */
  async settled(): Promise<void> {
    this.#taking ??= this.#takeAll().finally(() => (this.#taking = undefined));
    await this.#taking;
  }

  #changed(): void {
    const now = performance.now();
    if (!this.#isDirty) this.#dirtySince = now;
    this.#isDirty = true;
    clearTimeout(this.#timer);
    const leftMs = SETTLE_MAX_MS - (now - this.#dirtySince);
    this.#timer = setTimeout(() => void this.settled(), Math.max(0, Math.min(SETTLE_MS, leftMs)));
  }

  async #takeAll(): Promise<void> {
    const { take, warn, signal } = this.#options;
    while (this.#isDirty && !signal.aborted) {
      this.#isDirty = false;
      try {
        await take();
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
