import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import { packRefs, usesOf } from "./page-refs.ts";
import type { PageRef } from "./page-refs.ts";

export const INTENT_TABLE = `
  CREATE TABLE IF NOT EXISTS intent (
    page INTEGER NOT NULL, press TEXT NOT NULL, version INTEGER NOT NULL, path TEXT NOT NULL, refs BLOB NOT NULL, uses TEXT NOT NULL,
    PRIMARY KEY (page, press)) WITHOUT ROWID;`;

/** What presses read whose bytes are on their way to the store. A few rows, or none: they go when a page is recorded. */
export class SqliteIntents {
  readonly #put: StatementSync;
  readonly #settle: StatementSync;
  readonly #remove: StatementSync;
  readonly #of: StatementSync;
  readonly #paths: StatementSync;
  readonly #newest: StatementSync;
  readonly #all: StatementSync;

  constructor(database: DatabaseSync) {
    this.#put = database.prepare("INSERT OR REPLACE INTO intent VALUES (?, ?, ?, ?, ?, ?)");
    this.#settle = database.prepare("DELETE FROM intent WHERE page = ? AND (press = ? OR version < ?)");
    this.#remove = database.prepare("DELETE FROM intent WHERE page = ?");
    this.#of = database.prepare("SELECT refs, uses FROM intent WHERE page = ?");
    this.#paths = database.prepare(
      "SELECT DISTINCT intent.path AS path FROM intent JOIN page ON page.id = intent.page WHERE page.key = ? ORDER BY intent.path",
    );
    this.#newest = database.prepare(
      "SELECT max(intent.version) AS version FROM intent JOIN page ON page.id = intent.page WHERE page.key = ?",
    );
    this.#all = database.prepare("SELECT page, refs FROM intent");
  }

  put(page: number, press: string, version: number, path: string, pageRefs: readonly PageRef[]): void {
    const { refs, uses } = packRefs(pageRefs);
    this.#put.run(page, press, version, path, refs, uses);
  }

  settle(page: number, press: string, version: number): void {
    this.#settle.run(page, press, version);
  }

  remove(page: number): void {
    this.#remove.run(page);
  }

  pathsOf(key: PageKey): readonly string[] {
    return this.#paths.all(key).map((row) => String(row["path"]));
  }

  newestOf(key: PageKey): number {
    return Number(this.#newest.get(key)?.["version"] ?? 0);
  }

  /** What presses of a page did with a ref. */
  *uses(page: number, ref: RefHash): Iterable<string> {
    for (const { refs, uses } of this.#of.all(page)) yield* usesOf(ref, refs, uses);
  }

  /** The refs of each, for the index. */
  *refs(): Iterable<{ readonly page: unknown; readonly refs: unknown }> {
    for (const { page, refs } of this.#all.iterate()) yield { page, refs };
  }
}
