import { parsePageKey, subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import { parseDependency } from "./edge-text.ts";
import type { CopiedFile, Edge, PageStates, StalePage, StoredPage, Verified } from "./manifest.ts";
import type { SqlRow } from "./postgres-channel.ts";
import type { PostgresLink } from "./postgres-reads.ts";
import { keyOf, optionalNumber, toStale, toStaleKind } from "./postgres-rows.ts";
import { decoded, idOf, numberOf, parseRefs, sqlRefs, sqlRows, sqlText } from "./postgres-sql.ts";
import { CLOCK_AHEAD_MAX_SECONDS } from "./sweep-state.ts";

const PIECE_ROWS = 500;

/** What builds, sweeps and people ask a manifest in Postgres. */
export class PostgresQueries {
  readonly #link: () => PostgresLink;

  constructor(link: () => PostgresLink) {
    this.#link = link;
  }

  edgesOf(key: PageKey): readonly Edge[] {
    const [row] = this.#rows(
      ({ table, site }) =>
        `SELECT refs, uses FROM ${table("page_refs")} WHERE site = ${site} AND key_id = ${idOf(key)}`,
    );
    if (row === undefined) return [];
    const lines = decoded(row["uses"]).split("\n");
    return parseRefs(row["refs"]).map((ref, place) => ({ ref, dependency: parseDependency(lines[place] ?? "") }));
  }

  count(): number {
    const [row] = this.#rows(
      ({ table, site }) => `SELECT count(path) AS pages FROM ${table("page")} WHERE site = ${site}`,
    );
    return numberOf(row?.["pages"]);
  }

  unverified(route: string, { epoch, version }: Verified): Iterable<readonly PageKey[]> {
    return this.#keys(route, `AND error IS NULL AND (verified_epoch <> ${epoch} OR verified_version < ${version})`);
  }

  behind(route: string, version: number): Iterable<readonly PageKey[]> {
    return this.#keys(route, `AND verified_version < ${version}`);
  }

  keysOf(route: string): Iterable<readonly PageKey[]> {
    return this.#keys(route, "");
  }

  *#keys(route: string, condition: string): Iterable<readonly PageKey[]> {
    const first = subjectKey(route, undefined);
    // "0" is the character after "/", "$" the one after "#".
    const [one, hash, pastHash, slash, past] = [first, `${first}#`, `${first}$`, `${first}/`, `${first}0`].map(sqlText);
    let after = "";
    for (;;) {
      const [behind, from] = [after, after > first ? after : first].map(sqlText);
      const rows = this.#rows(
        ({ table, site }) => `SELECT key FROM ${table("page")} WHERE site = ${site} AND key > ${behind}
           AND left(key, 256) >= left(${from}, 256) COLLATE "C" AND left(key, 256) <= left(${past}, 256) COLLATE "C"
           AND (key = ${one} OR (key > ${hash} AND key < ${pastHash}) OR (key >= ${slash} AND key < ${past})) ${condition}
           ORDER BY left(key, 256), key LIMIT ${PIECE_ROWS}`,
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => keyOf(row));
      after = keyOf(last);
    }
  }

  states(now: number): PageStates {
    const { table, site, rows } = this.#link();
    const [kinds, due, published] = rows(
      `SELECT stale, count(*) AS pages, min(stale_since) AS since FROM ${table("page")} WHERE site = ${site} AND error IS NOT NULL GROUP BY stale`,
      `SELECT count(*) AS pages, min(due) AS since FROM ${table("page")} WHERE site = ${site} AND due <= ${now}`,
      `SELECT count(path) AS pages FROM ${table("page")} WHERE site = ${site}`,
    );
    const stale = { failed: 0, collided: 0, withheld: 0 };
    for (const row of kinds ?? []) stale[toStaleKind(row["stale"])] += numberOf(row["pages"]);
    const since = [...(kinds ?? []), ...(due ?? [])].flatMap((row) => optionalNumber(row["since"]) ?? []);
    return {
      published: numberOf(published?.[0]?.["pages"]),
      stale,
      due: numberOf(due?.[0]?.["pages"]),
      oldestSince: since.length === 0 ? undefined : Math.min(...since),
    };
  }

  stalePages(limit: number): readonly StalePage[] {
    return this.#rows(
      ({
        table,
        site,
      }) => `SELECT key, error, stale, stale_since FROM ${table("page")} WHERE site = ${site} AND error IS NOT NULL
         ORDER BY stale_since NULLS LAST, key LIMIT ${limit}`,
    ).map((row) => ({ key: keyOf(row), error: decoded(row["error"]), stale: toStale(row) }));
  }

  failedOrDue(now: number): readonly PageKey[] {
    return this.#keysOf(
      ({ table, site }) => `SELECT key FROM ${table("page")} WHERE site = ${site} AND error IS NOT NULL
         UNION SELECT key FROM ${table("page")} WHERE site = ${site} AND due <= ${now}`,
    );
  }

  due(now: number, limit: number): readonly PageKey[] {
    return this.#keysOf(
      ({ table, site }) => `SELECT key FROM (
         SELECT key, due FROM ${table("page")} WHERE site = ${site} AND due <= ${now}
         UNION SELECT key, 0 FROM ${table("page")} WHERE site = ${site} AND time > ${now + CLOCK_AHEAD_MAX_SECONDS}) one
         ORDER BY due LIMIT ${limit}`,
    );
  }

  useOf(ref: RefHash): { readonly isUsed: boolean; readonly isUsedByFailed: boolean } {
    const { table, site, rows } = this.#link();
    const having = (name: string): string =>
      `SELECT 1 FROM ${table(name)} used JOIN ${table("page")} page USING (site, key_id) WHERE site = ${site} AND used.refs @> ${sqlRefs([ref])}`;
    const [found] = rows(
      `SELECT EXISTS (${having("page_refs")}) OR EXISTS (${having("intent")}) AS used,
         EXISTS (${having("page_refs")} AND page.error IS NOT NULL) AS failed`,
    );
    return { isUsed: found?.[0]?.["used"] === "t", isUsedByFailed: found?.[0]?.["failed"] === "t" };
  }

  *stored(): Iterable<readonly StoredPage[]> {
    let after = "";
    for (;;) {
      const behind = sqlText(after);
      const rows = this.#rows(
        ({ table, site }) => `SELECT key, path, etag FROM ${table("page")} WHERE site = ${site} AND path IS NOT NULL
           AND left(key, 256) >= left(${behind}, 256) COLLATE "C" AND key > ${behind} ORDER BY left(key, 256), key LIMIT ${PIECE_ROWS}`,
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => ({ key: keyOf(row), path: decoded(row["path"]), etag: decoded(row["etag"]) }));
      after = keyOf(last);
    }
  }

  routes(): readonly string[] {
    const routes: string[] = [];
    let after = "";
    for (;;) {
      const behind = sqlText(after);
      const [row] = this.#rows(
        ({ table, site }) => `SELECT key FROM ${table("page")} WHERE site = ${site}
           AND left(key, 256) >= left(${behind}, 256) COLLATE "C" AND key > ${behind} ORDER BY left(key, 256), key LIMIT 1`,
      );
      if (row === undefined) return routes;
      const key = keyOf(row);
      const { route } = parsePageKey(key);
      if (!routes.includes(route)) routes.push(route);
      // Past all keys of this subject or, once a key has a subject, of this route.
      const first = subjectKey(route, undefined);
      after = key === first ? key : key.startsWith(`${first}/`) ? `${first}/\u007F` : `${first}$`;
    }
  }

  /** Pages that claim a path which another one claims, or has as a folder. */
  collidingPages(): readonly PageKey[] {
    return this.#keysOf(
      ({ table, site }) => `WITH claim AS (
           SELECT key_id, one.ref, one.what FROM ${table("page_refs")},
             unnest(refs[1:claims], (string_to_array(uses, E'\\n'))[1:claims]) one (ref, what) WHERE site = ${site} AND claims > 0),
         shared AS (SELECT ref FROM claim GROUP BY ref HAVING count(DISTINCT key_id) > 1 AND bool_or(what = 'c'))
         SELECT DISTINCT page.key FROM shared JOIN claim USING (ref) JOIN ${table("page")} page ON page.site = ${site} AND page.key_id = claim.key_id`,
    );
  }

  copiedFiles(): readonly CopiedFile[] {
    return this.#rows(
      ({ table, site }) => `SELECT * FROM ${table("copied")} WHERE site = ${site} ORDER BY object_key`,
    ).map((row) => ({
      objectKey: decoded(row["object_key"]),
      file: decoded(row["file"]),
      digest: decoded(row["digest"]),
      etag: decoded(row["etag"]),
    }));
  }

  /** The statements that note copies. */
  copying(put: readonly CopiedFile[], removed: readonly string[]): readonly string[] {
    const { table, site } = this.#link();
    const statements: string[] = [];
    const last = new Map(put.map((copy) => [copy.objectKey, copy]));
    if (last.size > 0) {
      const rows = Array.from(last.values(), ({ objectKey, file, digest, etag }) => [
        String(site),
        ...[objectKey, file, digest, etag].map(sqlText),
      ]);
      statements.push(
        `INSERT INTO ${table("copied")} (site, object_key, file, digest, etag) VALUES ${sqlRows(rows)} ON CONFLICT (site, object_key)
           DO UPDATE SET file = excluded.file, digest = excluded.digest, etag = excluded.etag`,
      );
    }
    if (removed.length > 0) {
      const names = removed.map(sqlText).join(", ");
      statements.push(`DELETE FROM ${table("copied")} WHERE site = ${site} AND object_key IN (${names})`);
    }
    return statements;
  }

  #rows(sql: (link: PostgresLink) => string): readonly SqlRow[] {
    const link = this.#link();
    return link.rows(sql(link))[0] ?? [];
  }

  #keysOf(sql: (link: PostgresLink) => string): readonly PageKey[] {
    return this.#rows(sql).map((row) => keyOf(row));
  }
}
