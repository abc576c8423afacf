import type { DatabaseSync, SQLInputValue } from "node:sqlite";

import type { PageKey } from "../core/page.ts";
import { CLOCK_AHEAD_MAX_SECONDS, DRIFTS_KEPT_MAX, noDrift } from "./sweep-state.ts";
import type { Drift, DriftCause, RouteSweep, SweepSlice, SweepState } from "./sweep-state.ts";
import { SqliteStatements } from "./sqlite-statements.ts";

export const SWEEP_TABLES = `
  CREATE TABLE IF NOT EXISTS sweep_slice (
    id INTEGER PRIMARY KEY, route TEXT NOT NULL, after TEXT NOT NULL, up_to TEXT, swept INTEGER NOT NULL,
    rounds INTEGER NOT NULL, holder TEXT, lease_until INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS sweep_slice_route ON sweep_slice (route, swept);
  CREATE TABLE IF NOT EXISTS drift (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, at INTEGER NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS drift_key ON drift (key);
  CREATE INDEX IF NOT EXISTS page_time ON page (time) WHERE time > 0;
  CREATE INDEX IF NOT EXISTS drift_at ON drift (at);`;

const SWEPT = "iif(swept > :ahead, 0, swept)";
const IS_FREE = "(lease_until <= :now OR lease_until > :ahead)";

type Row = Record<string, unknown>;

/** How far sweeps have come, in the manifest's database. */
export class SqliteSweep implements SweepState {
  readonly #statements: SqliteStatements;

  constructor(database: DatabaseSync) {
    this.#statements = new SqliteStatements(database);
  }

  sweeps(now: number): readonly RouteSweep[] {
    const rows = this.#all(
      `SELECT route, count(*) AS slices, min(${SWEPT}) AS oldest, min(iif(${IS_FREE}, ${SWEPT}, NULL)) AS free
         FROM sweep_slice GROUP BY route`,
      { now, ahead: now + CLOCK_AHEAD_MAX_SECONDS },
    );
    return rows.map((row) => ({
      route: String(row["route"]),
      slices: Number(row["slices"]),
      oldest: Number(row["oldest"]),
      oldestFree: row["free"] === null ? undefined : Number(row["free"]),
    }));
  }

  oldestFree(route: string, now: number): SweepSlice | undefined {
    const sql = `SELECT * FROM sweep_slice WHERE route = :route AND ${IS_FREE} ORDER BY ${SWEPT}, id LIMIT 1`;
    const ahead = now + CLOCK_AHEAD_MAX_SECONDS;
    return this.#all(sql, { route, now, ahead }).map((row) => toSlice(row))[0];
  }

  slice(id: number): SweepSlice | undefined {
    return this.#all("SELECT * FROM sweep_slice WHERE id = :id", { id }).map(toSlice)[0];
  }

  addSlice(slice: Omit<SweepSlice, "id">): number {
    const columns = "route, after, up_to, swept, rounds, holder, lease_until";
    const statement = this.#statements.of(`INSERT INTO sweep_slice (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
    return Number(statement.run(...valuesOf(slice)).lastInsertRowid);
  }

  putSlice(slice: SweepSlice): void {
    this.#statements
      .of(
        `UPDATE sweep_slice SET route = ?, after = ?, up_to = ?, swept = ?, rounds = ?, holder = ?, lease_until = ?
         WHERE id = ?`,
      )
      .run(...valuesOf(slice), slice.id);
  }

  holdBack(at: number): void {
    this.#statements.of("UPDATE sweep_slice SET swept = ?1 WHERE swept > ?1").run(at);
  }

  removeSlices(route: string): void {
    this.#statements.of("DELETE FROM sweep_slice WHERE route = ?").run(route);
  }

  noteDrift({ key, at, cause, detail }: Drift): void {
    this.#statements.of("INSERT INTO drift (key, at, cause, detail) VALUES (?, ?, ?, ?)").run(key, at, cause, detail);
    this.#statements.of("DELETE FROM drift WHERE id <= (SELECT max(id) FROM drift) - ?").run(DRIFTS_KEPT_MAX);
  }

  drifts(since: number, limit: number): readonly Drift[] {
    return this.#all("SELECT * FROM drift WHERE at >= :since ORDER BY id DESC LIMIT :limit", { since, limit }).map(
      toDrift,
    );
  }

  driftsOf(key: PageKey): readonly Drift[] {
    return this.#all("SELECT * FROM drift WHERE key = :key ORDER BY id DESC", { key }).map(toDrift);
  }

  driftCounts(since: number): Readonly<Record<DriftCause, number>> {
    const counts = noDrift();
    for (const row of this.#all("SELECT cause, count(*) AS pages FROM drift WHERE at >= :since GROUP BY cause", {
      since,
    })) {
      counts[toDriftCause(row["cause"])] += Number(row["pages"]);
    }
    return counts;
  }

  #all(sql: string, given: Readonly<Record<string, SQLInputValue>>): Row[] {
    return this.#statements.of(sql).all(given);
  }
}

function valuesOf(slice: Omit<SweepSlice, "id">): SQLInputValue[] {
  const { route, after, upTo, swept, rounds, holder, leaseUntil } = slice;
  return [route, after, upTo ?? null, swept, rounds, holder ?? null, leaseUntil];
}

function toSlice(row: Row): SweepSlice {
  return {
    id: Number(row["id"]),
    route: String(row["route"]),
    after: String(row["after"]),
    upTo: typeof row["up_to"] === "string" ? row["up_to"] : undefined,
    swept: Number(row["swept"]),
    rounds: Number(row["rounds"]),
    holder: typeof row["holder"] === "string" ? row["holder"] : undefined,
    leaseUntil: Number(row["lease_until"]),
  };
}

function toDrift(row: Row): Drift {
  return {
    // Only `noteDrift` writes keys, and it is given page keys.
    key: String(row["key"]) as PageKey,
    at: Number(row["at"]),
    cause: toDriftCause(row["cause"]),
    detail: String(row["detail"]),
  };
}

function toDriftCause(cause: unknown): DriftCause {
  return cause === "event-lost" || cause === "not-deterministic" || cause === "store"
    ? cause
    : "dependency-not-recorded";
}
