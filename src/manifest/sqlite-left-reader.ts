import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";

/** The paths that pages have left, by a manifest that others write meanwhile. */
export class SqliteLeftReader implements Disposable {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;

  /** @throws an error of SQLite when there is no manifest, or one of another format */
  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true });
    try {
      this.#find = this.#database.prepare(
        "SELECT path FROM left_path WHERE collision_key = ? AND kind = 'tombstone' AND expires > ?",
      );
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The path of the page that was at a collision key; undefined when there is no tombstone at `now` (Unix seconds). */
  tombstoneAt(collisionKey: string, now: number): string | undefined {
    const row = this.#find.get(collisionKey, now);
    return row === undefined ? undefined : String(row["path"]);
  }

  /** The paths of all tombstones at `now` (Unix seconds), in order. */
  tombstones(now: number): readonly string[] {
    return this.#database
      .prepare("SELECT path FROM left_path WHERE kind = 'tombstone' AND expires > ? ORDER BY path")
      .all(now)
      .map((row) => String(row["path"]));
  }

  /** The paths at which redirects were written, in order. */
  redirects(): readonly string[] {
    return this.#database
      .prepare("SELECT path FROM left_path WHERE kind = 'redirect' ORDER BY path")
      .all()
      .map((row) => String(row["path"]));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
