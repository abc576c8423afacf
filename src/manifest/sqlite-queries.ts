import type { PageKey } from "../core/page.ts";
import { parsePageKey, subjectKey } from "../core/page.ts";
import type { PageStates, StalePage, StoredPage, Verified } from "./manifest.ts";
import { toStale, toStaleKind } from "./sqlite-rows.ts";
import type { SqliteStatements } from "./sqlite-statements.ts";
import { CLOCK_AHEAD_MAX_SECONDS } from "./sweep-state.ts";

const PIECE_ROWS = 500;

/** What builds, sweeps and people ask a manifest in SQLite. */
export class SqliteQueries {
  readonly #statements: SqliteStatements;

  constructor(statements: SqliteStatements) {
    this.#statements = statements;
  }

  count(): number {
    return Number(this.#statements.get("SELECT count(path) AS pages FROM page")?.["pages"] ?? 0);
  }

  unverified(route: string, verified: Verified): Iterable<readonly PageKey[]> {
    const condition = "AND error IS NULL AND (verified_epoch <> ? OR verified_version < ?)";
    return this.#keys(route, condition, [verified.epoch, verified.version]);
  }

  behind(route: string, version: number): Iterable<readonly PageKey[]> {
    return this.#keys(route, "AND verified_version < ?", [version]);
  }

  keysOf(route: string): Iterable<readonly PageKey[]> {
    return this.#keys(route, "", []);
  }

  *#keys(route: string, condition: string, values: readonly number[]): Iterable<readonly PageKey[]> {
    const first = subjectKey(route, undefined);
    let after = "";
    for (;;) {
      // "0" is the character after "/", "$" the one after "#".
      const rows = this.#statements.all(
        `SELECT key FROM page WHERE key > ? AND (key = ? OR (key > ? AND key < ?) OR (key >= ? AND key < ?)) ${condition}
           ORDER BY key LIMIT ${PIECE_ROWS}`,
        after,
        first,
        `${first}#`,
        `${first}$`,
        `${first}/`,
        `${first}0`,
        ...values,
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => String(row["key"]) as PageKey);
      after = String(last["key"]);
    }
  }

  states(now: number): PageStates {
    const stale = { failed: 0, collided: 0, withheld: 0 };
    const since: number[] = [];
    const note = (oldest: unknown): void => {
      if (typeof oldest === "number") since.push(oldest);
    };
    for (const row of this.#statements.all(
      "SELECT stale, count(*) AS pages, min(stale_since) AS since FROM page WHERE error IS NOT NULL GROUP BY stale",
    )) {
      stale[toStaleKind(row["stale"])] += Number(row["pages"]);
      note(row["since"]);
    }
    const due = this.#statements.get("SELECT count(*) AS pages, min(due) AS since FROM page WHERE due <= ?", now);
    note(due?.["since"]);
    return {
      published: this.count(),
      stale,
      due: Number(due?.["pages"] ?? 0),
      oldestSince: since.length === 0 ? undefined : Math.min(...since),
    };
  }

  stalePages(limit: number): readonly StalePage[] {
    const rows = this.#statements.all(
      `SELECT key, error, stale, stale_since FROM page WHERE error IS NOT NULL
         ORDER BY stale_since NULLS LAST, id LIMIT ?`,
      limit,
    );
    return rows.map((row) => ({
      key: String(row["key"]) as PageKey,
      error: String(row["error"]),
      stale: toStale(row),
    }));
  }

  failedOrDue(now: number): readonly PageKey[] {
    return this.#statements
      .all("SELECT key FROM page WHERE error IS NOT NULL UNION SELECT key FROM page WHERE due <= ?", now)
      .map((row) => String(row["key"]) as PageKey);
  }

  due(now: number, limit: number): readonly PageKey[] {
    const rows = this.#statements.all(
      `SELECT key FROM (SELECT key, due FROM page WHERE due <= ? UNION SELECT key, 0 FROM page WHERE time > ?) ORDER BY due LIMIT ?`,
      now,
      now + CLOCK_AHEAD_MAX_SECONDS,
      limit,
    );
    return rows.map((row) => String(row["key"]) as PageKey);
  }

  *stored(): Iterable<readonly StoredPage[]> {
    let after = 0;
    for (;;) {
      const rows = this.#statements.all(
        `SELECT id, key, path, etag FROM page WHERE id > ? AND path IS NOT NULL ORDER BY id LIMIT ${PIECE_ROWS}`,
        after,
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => ({
        key: String(row["key"]) as PageKey,
        path: String(row["path"]),
        etag: String(row["etag"]),
      }));
      after = Number(last["id"]);
    }
  }

  routes(): readonly string[] {
    const routes: string[] = [];
    let after = "";
    for (;;) {
      const row = this.#statements.get("SELECT key FROM page WHERE key > ? ORDER BY key LIMIT 1", after);
      if (row === undefined) return routes;
      const { route } = parsePageKey(String(row["key"]) as PageKey);
      if (!routes.includes(route)) routes.push(route);
      // Past all keys of this subject or, once a key has a subject, of this route.
      const first = subjectKey(route, undefined);
      const key = String(row["key"]);
      after = key === first ? key : key.startsWith(`${first}/`) ? `${first}/\u007F` : `${first}$`;
    }
  }
}
