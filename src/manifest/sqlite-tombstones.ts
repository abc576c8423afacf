import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";

/** The tombstones of a manifest, read while others write it. */
export class SqliteTombstones implements Disposable {
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
  pathAt(collisionKey: string, now: number): string | undefined {
    const row = this.#find.get(collisionKey, now);
    return row === undefined ? undefined : String(row["path"]);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
