import { statSync } from "node:fs";

import type { Clock } from "../core/clock.ts";
import { SqliteLeftReader } from "../manifest/sqlite-left-reader.ts";
import { parsePath } from "../site/path.ts";
import { publishedManifestFile } from "./published-manifest.ts";
import type { SiteFolders } from "./site-folders.ts";

/** How often to look whether the manifest is still the one that is open. */
const LOOK_MS = 1000;

/**
 * Which pages of a site are gone, from its manifest: one that isn't there, can't be read or is replaced knows of none. It
 * is asked for what is missing only, so that whatever it says no page is hidden.
 */
export class GonePages implements Disposable {
  readonly #folders: SiteFolders;
  readonly #clock: Clock;
  #left: SqliteLeftReader | undefined;
  #ino = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(folders: SiteFolders, clock: Clock) {
    this.#folders = folders;
    this.#clock = clock;
  }

  /** @param path decoded, within the site */
  has(path: string): boolean {
    // Without a slash at its end it may be a folder's all the same.
    const parsed = [parsePath(path), parsePath(`${path}/`)].find(({ ok }) => ok);
    if (parsed?.ok !== true) return false;
    try {
      this.#look();
      const found = this.#left?.tombstoneAt(parsed.collisionKey, Math.floor(this.#clock() / 1000));
      return found === path || found === `${path}/`;
    } catch {
      // A manifest is a cache: without it a page that is gone is just missing.
      this.#close();
      return false;
    }
  }

  #look(): void {
    const now = this.#clock();
    if (Math.abs(now - this.#lookedAt) < LOOK_MS) return;
    this.#lookedAt = now;
    const file = publishedManifestFile(this.#folders);
    const { ino } = statSync(file);
    if (this.#left !== undefined && ino === this.#ino) return;
    this.#close();
    this.#left = new SqliteLeftReader(file);
    this.#ino = ino;
  }

  #close(): void {
    this.#left?.[Symbol.dispose]();
    this.#left = undefined;
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}
