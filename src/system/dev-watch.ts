import { existsSync, statSync } from "node:fs";
import { basename, join, sep } from "node:path";

import type { FSWatcher } from "chokidar";

import { messageOf } from "../core/errors.ts";

/** Editors write a file in several steps. */
const SETTLE_MS = 20;
/** Others never stop writing. */
const SETTLE_MAX_MS = 250;
/** chokidar says nothing of a file that changes again within 50 ms. */
const LOOK_AGAIN_MS = 80;

export interface DevWatchOptions {
  /** The config's folder. */
  readonly root: string;
  /** Called with what changed since it was called last, absolute; not again before it has ended. */
  readonly onChange: (paths: ReadonlySet<string>) => Promise<void>;
  readonly warn: (message: string) => void;
}

/** Tells of changed files of a site: of its folder, but for packages, hidden files and what rekiln writes; and of others that are named. */
export class DevWatch implements AsyncDisposable {
  readonly #options: DevWatchOptions;
  readonly #watcher: FSWatcher;
  #store: string | undefined;
  readonly #followed = new Set<string>();
  #changed = new Set<string>();
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #looks = new Set<NodeJS.Timeout>();
  #telling: Promise<void> | undefined;

  private constructor(options: DevWatchOptions, watcher: FSWatcher) {
    this.#options = options;
    this.#watcher = watcher;
    this.#watcher.on("all", (_event, path) => this.#note(path));
    this.#watcher.on("error", (error) => options.warn(`Changes may be missed: ${messageOf(error)}`));
  }

  static async start(options: DevWatchOptions): Promise<DevWatch> {
    // Imported here: nobody else needs it.
    const { watch } = await import("chokidar");
    const ignored = (path: string): boolean => self.#isIgnored(path);
    const watcher = watch([], { ignoreInitial: true, ignored });
    const self = new DevWatch(options, watcher);
    watcher.add(options.root);
    return self;
  }

  /** Resolves when no change is missed any more. */
  async ready(): Promise<void> {
    await new Promise<void>((resolve) => this.#watcher.once("ready", resolve));
  }

  /** What to watch beside the folder, hidden or not, and where the site's pages are written to. */
  follow(paths: readonly string[], store: string): void {
    this.#store = store;
    for (const path of paths) this.#followed.add(path);
    this.#watcher.add([...paths]);
  }

  #isIgnored(path: string): boolean {
    const { root } = this.#options;
    if (path === root || path === join(root, ".env") || this.#followed.has(path)) return false;
    if (path === this.#store || path.startsWith(`${this.#store}${sep}`)) return true;
    const name = basename(path);
    // A store of this site, or of another one.
    return name === "node_modules" || name.startsWith(".") || existsSync(join(path, ".rekiln", "site.json"));
  }

  #note(path: string): void {
    const now = performance.now();
    if (this.#changed.size === 0) this.#since = now;
    this.#changed.add(path);
    clearTimeout(this.#timer);
    const leftMs = SETTLE_MAX_MS - (now - this.#since);
    this.#timer = setTimeout(() => void this.#tell(), Math.max(0, Math.min(SETTLE_MS, leftMs)));
  }

  async #tell(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    while (this.#changed.size > 0) {
      const changed = new Map([...this.#changed].map((path) => [path, markOf(path)]));
      this.#changed = new Set();
      await this.#options.onChange(new Set(changed.keys()));
      this.#lookAgain(changed);
    }
  }

  /** Notes files that aren't any more what they were before they were told of. */
  #lookAgain(changed: ReadonlyMap<string, string>): void {
    const timer = setTimeout(() => {
      this.#looks.delete(timer);
      for (const [path, mark] of changed) if (markOf(path) !== mark) this.#note(path);
    }, LOOK_AGAIN_MS);
    this.#looks.add(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    for (const timer of this.#looks) clearTimeout(timer);
    this.#changed.clear();
    await this.#watcher.close();
    await this.#telling;
  }
}

/** Tells whether a file may hold something else. */
function markOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}
