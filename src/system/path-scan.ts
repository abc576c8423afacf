import { setImmediate as nextTurn } from "node:timers/promises";

import type { EntityName } from "../core/entity-name.ts";
import type { PageKey } from "../core/page.ts";
import { SqlitePathIndex } from "../manifest/sqlite-path-index.ts";
import type { PathHints } from "../press/owner-of-path.ts";
import { allFirstPages, firstPagesAround } from "../press/path-entries.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot, Source, SourceReader } from "../source/source.ts";

/** Above this many changes it is simpler to go over all pages. */
const CHANGES_FOLLOWED_MAX = 5000;
const PAUSE_MS = 1;

/**
 * Keeps an index from paths to pages up to date, for a site that isn't built. Pages are gone over in the background, in
 * turns with whoever renders; what a rendered page links to is added at once, so that links work before it has ended.
 */
export class PathScan implements PathHints, Disposable {
  readonly #site: Site;
  readonly #source: Source;
  readonly #reader: SourceReader;
  readonly #index: SqlitePathIndex;
  readonly #code: string;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isEnded = false;
  #count = 0;
  #step = Promise.withResolvers<void>();

  /** @param code fingerprint of whatever makes paths */
  constructor(site: Site, source: Source, file: string, code: string) {
    this.#site = site;
    this.#source = source;
    this.#reader = source.reader();
    this.#index = new SqlitePathIndex(file);
    this.#code = code;
  }

  /** Whether a path that isn't known yet may still turn up. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  keysAt(collisionKey: string): readonly PageKey[] {
    return this.#index.keysAt(collisionKey);
  }

  /** How many pages were gone over since it began. */
  get count(): number {
    return this.#count;
  }

  /** Resolves when more is known than was, or all. */
  async step(): Promise<void> {
    await this.#step.promise;
  }

  /** Brings the index up to what the source has now; resolves when it is. */
  async update(): Promise<void> {
    this.#isAsked = true;
    this.#running ??= this.#updateAll().finally(() => {
      this.#running = undefined;
      this.#step.resolve();
    });
    await this.#running;
  }

  /** Adds where entities have their pages. */
  note(entities: Iterable<EntityName>, snapshot: Snapshot): void {
    if (this.isRunning) this.#index.add([...entities].flatMap((name) => firstPagesAround(this.#site, snapshot, name)));
  }

  async #updateAll(): Promise<void> {
    while (this.#isAsked && !this.#isEnded) {
      this.#isAsked = false;
      const snapshot = this.#reader.snapshot();
      const { complete } = this.#index;
      const changes = complete?.code === this.#code ? this.#source.changesSince(complete.version) : undefined;
      if (changes !== undefined && changes.length <= CHANGES_FOLLOWED_MAX) {
        this.#index.add(changes.flatMap((change) => firstPagesAround(this.#site, snapshot, change)));
        this.#index.finish(this.#code, snapshot.version, false);
      } else {
        await this.#goOverAll(snapshot);
      }
    }
  }

  async #goOverAll(snapshot: Snapshot): Promise<void> {
    this.#index.begin();
    this.#count = 0;
    let since = performance.now();
    for (const pages of allFirstPages(this.#site, snapshot)) {
      this.#index.add(pages);
      this.#count += pages.length;
      if (performance.now() - since < PAUSE_MS) continue;
      const { resolve } = this.#step;
      this.#step = Promise.withResolvers();
      resolve();
      await nextTurn();
      if (this.#isEnded) return;
      since = performance.now();
    }
    this.#index.finish(this.#code, snapshot.version, true);
  }

  /** Ends what is under way. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#running;
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
    this.#index[Symbol.dispose]();
  }
}
