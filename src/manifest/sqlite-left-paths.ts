import type { DatabaseSync, SQLInputValue } from "node:sqlite";

import type { PageKey } from "../core/page.ts";
import type { LeftKind, LeftPath, LeftPaths, LeftPathWrites } from "./left-paths.ts";
import { SqliteStatements } from "./sqlite-statements.ts";

const PIECE_ROWS = 500;

export const LEFT_PATH_TABLE = `
  CREATE TABLE IF NOT EXISTS left_path (
    collision_key TEXT PRIMARY KEY, path TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL,
    since INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS left_path_key ON left_path (key);
  CREATE INDEX IF NOT EXISTS left_path_expires ON left_path (expires);
  CREATE INDEX IF NOT EXISTS left_path_handover ON left_path (since) WHERE kind = 'handover';`;

/** The paths that pages have left, in the manifest's database. Writes belong into its transactions. */
export class SqliteLeftPaths implements LeftPaths, LeftPathWrites {
  readonly #statements: SqliteStatements;

  constructor(database: DatabaseSync) {
    this.#statements = new SqliteStatements(database);
  }

  at(collisionKey: string): LeftPath | undefined {
    return this.#all("SELECT * FROM left_path WHERE collision_key = ?", collisionKey)[0];
  }

  below(collisionKey: string): readonly LeftPath[] {
    // "0" is the character after "/".
    return this.#all(
      "SELECT * FROM left_path WHERE collision_key > ? AND collision_key < ?",
      `${collisionKey}/`,
      `${collisionKey}0`,
    );
  }

  of(key: PageKey): readonly LeftPath[] {
    return this.#all("SELECT * FROM left_path WHERE key = ?", key);
  }

  put({ collisionKey, path, key, kind, version, since, expires }: LeftPath): void {
    this.#statements
      .of("INSERT OR REPLACE INTO left_path VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(collisionKey, path, key, kind, version, since, expires);
  }

  remove(collisionKey: string): void {
    this.#statements.of("DELETE FROM left_path WHERE collision_key = ?").run(collisionKey);
  }

  all(): Iterable<readonly LeftPath[]> {
    return this.#pieces("");
  }

  *unsettled(since: number, now: number): Iterable<readonly LeftPath[]> {
    yield* this.#pieces("AND kind = 'handover' AND since <= ?", since);
    yield* this.#pieces("AND expires <= ?", now);
  }

  *#pieces(condition: string, ...values: readonly number[]): Iterable<readonly LeftPath[]> {
    let after = "";
    for (;;) {
      const piece = this.#all(
        `SELECT * FROM left_path WHERE collision_key > ? ${condition} ORDER BY collision_key LIMIT ${PIECE_ROWS}`,
        after,
        ...values,
      );
      const last = piece.at(-1);
      if (last === undefined) return;
      yield piece;
      after = last.collisionKey;
    }
  }

  #all(sql: string, ...values: SQLInputValue[]): LeftPath[] {
    return this.#statements
      .of(sql)
      .all(...values)
      .map((row) => ({
        collisionKey: String(row["collision_key"]),
        path: String(row["path"]),
        // Only `put` writes keys and kinds, and it is given no others.
        key: String(row["key"]) as PageKey,
        kind: String(row["kind"]) as LeftKind,
        version: Number(row["version"]),
        since: Number(row["since"]),
        expires: Number(row["expires"]),
      }));
  }
}
