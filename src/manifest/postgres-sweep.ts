import type { PageKey } from "../core/page.ts";
import type { SqlRow } from "./postgres-channel.ts";
import type { PostgresLink } from "./postgres-reads.ts";
import { keyOf, optionalNumber, optionalText } from "./postgres-rows.ts";
import { decoded, idOf, numberOf, sqlText, sqlValue } from "./postgres-sql.ts";
import type { PostgresWrites } from "./postgres-writes.ts";
import { CLOCK_AHEAD_MAX_SECONDS, noDrift } from "./sweep-state.ts";
import type { Drift, DriftCause, RouteSweep, SweepSlice, SweepState } from "./sweep-state.ts";

/** Where sweeps are read and written: in the current transaction, if there is one. */
export interface SweepAccess {
  readonly link: PostgresLink;
  /** Runs in the current transaction, or in one of its own. */
  write<T>(work: (writes: PostgresWrites, link: PostgresLink) => T): T;
}

/** How far sweeps have come, by a manifest in Postgres. */
export class PostgresSweep implements SweepState {
  readonly #access: SweepAccess;

  constructor(access: SweepAccess) {
    this.#access = access;
  }

  sweeps(now: number): readonly RouteSweep[] {
    const { swept, isFree } = at(now);
    const rows = this.#rows(
      ({
        table,
        site,
      }) => `SELECT route, count(*) AS slices, min(${swept}) AS oldest, min(CASE WHEN ${isFree} THEN ${swept} END) AS free
        FROM ${table("sweep_slice")} WHERE site = ${site} GROUP BY route ORDER BY route`,
    );
    return rows.map((row) => ({
      route: decoded(row["route"]),
      slices: numberOf(row["slices"]),
      oldest: numberOf(row["oldest"]),
      oldestFree: optionalNumber(row["free"]),
    }));
  }

  oldestFree(route: string, now: number): SweepSlice | undefined {
    const { swept, isFree } = at(now);
    return this.#rows(
      ({
        table,
        site,
      }) => `SELECT * FROM ${table("sweep_slice")} WHERE site = ${site} AND route = ${sqlText(route)} AND ${isFree}
        ORDER BY ${swept}, id LIMIT 1`,
    ).map(toSlice)[0];
  }

  slice(id: number): SweepSlice | undefined {
    return this.#rows(
      ({ table, site }) => `SELECT * FROM ${table("sweep_slice")} WHERE site = ${site} AND id = ${sqlValue(id)}`,
    ).map(toSlice)[0];
  }

  addSlice(slice: Omit<SweepSlice, "id">): number {
    return this.#access.write((_, { table, site, rows }) => {
      const [added] = rows(
        `INSERT INTO ${table("sweep_slice")} (site, route, after, up_to, swept, rounds, holder, lease_until)
           VALUES (${site}, ${valuesOf(slice).join(", ")}) RETURNING id`,
      );
      return numberOf(added?.[0]?.["id"]);
    });
  }

  putSlice(slice: SweepSlice): void {
    this.#write(
      ({
        table,
        site,
      }) => `UPDATE ${table("sweep_slice")} SET (route, after, up_to, swept, rounds, holder, lease_until) =
        (${valuesOf(slice).join(", ")}) WHERE site = ${site} AND id = ${sqlValue(slice.id)}`,
    );
  }

  holdBack(time: number): void {
    this.#write(
      ({ table, site }) =>
        `UPDATE ${table("sweep_slice")} SET swept = ${sqlValue(time)} WHERE site = ${site} AND swept > ${sqlValue(time)}`,
    );
  }

  removeSlices(route: string): void {
    this.#write(
      ({ table, site }) => `DELETE FROM ${table("sweep_slice")} WHERE site = ${site} AND route = ${sqlText(route)}`,
    );
  }

  noteDrift(drift: Drift): void {
    this.#access.write((writes) => writes.drift(drift));
  }

  drifts(since: number, limit: number): readonly Drift[] {
    return this.#rows(
      ({ table, site }) => `SELECT * FROM ${table("drift")} WHERE site = ${site} AND at >= ${sqlValue(since)}
        ORDER BY id DESC LIMIT ${sqlValue(limit)}`,
    ).map(toDrift);
  }

  driftsOf(key: PageKey): readonly Drift[] {
    return this.#rows(
      ({ table, site }) =>
        `SELECT * FROM ${table("drift")} WHERE site = ${site} AND key_id = ${idOf(key)} ORDER BY id DESC`,
    ).map(toDrift);
  }

  driftCounts(since: number): Readonly<Record<DriftCause, number>> {
    const counts = noDrift();
    for (const row of this.#rows(
      ({
        table,
        site,
      }) => `SELECT cause, count(*) AS pages FROM ${table("drift")} WHERE site = ${site} AND at >= ${sqlValue(since)}
        GROUP BY cause`,
    )) {
      counts[toDriftCause(row["cause"])] += numberOf(row["pages"]);
    }
    return counts;
  }

  #rows(sql: (link: PostgresLink) => string): readonly SqlRow[] {
    const { link } = this.#access;
    return link.rows(sql(link))[0] ?? [];
  }

  /** Slices are read again within the transaction, so that each change is sent before the next question. */
  #write(sql: (link: PostgresLink) => string): void {
    this.#access.write((writes, link) => writes.other(sql(link)));
  }
}

/** What is ahead of the clock by more than clocks may be counts as 0. */
function at(now: number): { readonly swept: string; readonly isFree: string } {
  const ahead = sqlValue(now + CLOCK_AHEAD_MAX_SECONDS);
  return {
    swept: `(CASE WHEN swept > ${ahead} THEN 0 ELSE swept END)`,
    isFree: `(lease_until <= ${sqlValue(now)} OR lease_until > ${ahead})`,
  };
}

function valuesOf({
  route,
  after,
  upTo,
  swept,
  rounds,
  holder,
  leaseUntil,
}: Omit<SweepSlice, "id">): readonly string[] {
  return [route, after, upTo, swept, rounds, holder, leaseUntil].map(sqlValue);
}

function toSlice(row: SqlRow): SweepSlice {
  return {
    id: numberOf(row["id"]),
    route: decoded(row["route"]),
    after: decoded(row["after"]),
    upTo: optionalText(row["up_to"]),
    swept: numberOf(row["swept"]),
    rounds: numberOf(row["rounds"]),
    holder: optionalText(row["holder"]),
    leaseUntil: numberOf(row["lease_until"]),
  };
}

function toDrift(row: SqlRow): Drift {
  return {
    key: keyOf(row),
    at: numberOf(row["at"]),
    cause: toDriftCause(row["cause"]),
    detail: decoded(row["detail"]),
  };
}

function toDriftCause(cause: string | null | undefined): DriftCause {
  return cause === "event-lost" || cause === "not-deterministic" || cause === "store"
    ? cause
    : "dependency-not-recorded";
}
