import { subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { SLOTS, slotOf } from "../core/slot.ts";
import { encodedRouteOf, firstPlace } from "./page-place.ts";
import type { SqlRow } from "./postgres-channel.ts";
import type { PostgresLink } from "./postgres-reads.ts";
import { optionalText } from "./postgres-rows.ts";
import { decoded, numberOf, sqlRows, sqlText, sqlValue } from "./postgres-sql.ts";
import type { PostgresWrites } from "./postgres-writes.ts";
import type { ListedPage, SitemapFile, SitemapMark, SitemapWrites, SlotRange } from "./sitemap-state.ts";

const PIECE_ROWS = 5000;
const PASS = "sitemap-pass";

/** Of the transaction that sitemaps are written in. */
interface SitemapTransaction {
  readonly writes: PostgresWrites;
  meta(name: string): string | undefined;
  setMeta(name: string, value: string | undefined): void;
}

/** What a manifest in Postgres keeps for sitemaps, within a transaction. */
export class PostgresSitemaps implements SitemapWrites {
  readonly #link: PostgresLink;
  readonly #transaction: SitemapTransaction;

  constructor(link: PostgresLink, transaction: SitemapTransaction) {
    this.#link = link;
    this.#transaction = transaction;
  }

  markPage(key: PageKey): void {
    this.mark(decodeURIComponent(encodedRouteOf(key)), slotOf(key));
  }

  mark(route: string, slot: number): void {
    this.#transaction.writes.mark(route, slot, Number(this.#transaction.meta(PASS) ?? 0));
  }

  begin(): readonly SitemapMark[] {
    const pass = Number(this.#transaction.meta(PASS) ?? 0) + 1;
    this.#transaction.setMeta(PASS, String(pass));
    // What was marked since then may be marked again without a trace: it is the next pass's.
    return marksBefore(this.#link, pass);
  }

  take(marks: readonly SitemapMark[]): boolean {
    if (marks.length === 0) return true;
    const { table, site, rows } = this.#link;
    const wanted = sqlRows(marks.map(({ route, slot, pass }) => [sqlText(route), String(slot), String(pass)]));
    const among = `JOIN (VALUES ${wanted}) taken (route, slot, pass) ON known.route = taken.route AND known.slot = taken.slot`;
    const [found] = rows(
      `SELECT count(*) AS marks FROM ${table("sitemap_mark")} known ${among} WHERE known.site = ${site}`,
    );
    this.#transaction.writes.other(
      `DELETE FROM ${table("sitemap_mark")} known USING (VALUES ${wanted}) taken (route, slot, pass)
         WHERE known.site = ${site} AND known.route = taken.route AND known.slot = taken.slot AND known.pass = taken.pass`,
    );
    return numberOf(found?.[0]?.["marks"]) === marks.length;
  }

  files(): readonly SitemapFile[] {
    return filesOf(this.#link);
  }

  put({ objectKey, route, shard, shards, addresses, digest, etag }: SitemapFile): void {
    const { table, site } = this.#link;
    const values = [sqlText(objectKey), sqlValue(route), shard, shards, addresses, sqlText(digest), sqlText(etag)];
    this.#transaction.writes.other(
      `INSERT INTO ${table("sitemap")} (site, object_key, route, shard, shards, addresses, digest, etag)
         VALUES (${site}, ${values.join(", ")}) ON CONFLICT (site, object_key) DO UPDATE SET route = excluded.route,
           shard = excluded.shard, shards = excluded.shards, addresses = excluded.addresses, digest = excluded.digest, etag = excluded.etag`,
    );
  }

  remove(objectKey: string): void {
    const { table, site } = this.#link;
    this.#transaction.writes.other(
      `DELETE FROM ${table("sitemap")} WHERE site = ${site} AND object_key = ${sqlText(objectKey)}`,
    );
  }
}

/** Marks that were set before a pass began; all of them where none is said. */
export function marksBefore({ table, site, rows }: PostgresLink, pass?: number): readonly SitemapMark[] {
  const condition = pass === undefined ? "" : `AND pass < ${pass}`;
  const [found] = rows(
    `SELECT route, slot, pass FROM ${table("sitemap_mark")} WHERE site = ${site} ${condition} ORDER BY route, slot`,
  );
  return (found ?? []).map((row) => ({
    route: decoded(row["route"]),
    slot: numberOf(row["slot"]),
    pass: numberOf(row["pass"]),
  }));
}

export function filesOf({ table, site, rows }: PostgresLink): readonly SitemapFile[] {
  const [found] = rows(`SELECT * FROM ${table("sitemap")} WHERE site = ${site} ORDER BY object_key`);
  return (found ?? []).map((row) => ({
    objectKey: decoded(row["object_key"]),
    route: optionalText(row["route"]),
    shard: numberOf(row["shard"]),
    shards: numberOf(row["shards"]),
    addresses: numberOf(row["addresses"]),
    digest: decoded(row["digest"]),
    etag: decoded(row["etag"]),
  }));
}

/** Two routes with one hash are counted together: it decides into how many shards a route is cut, no more. */
export function countListed({ table, site, rows }: PostgresLink, route: string): number {
  const first = firstPlace(subjectKey(route, undefined));
  const [found] = rows(
    `SELECT count(*) AS pages FROM ${table("page")}
       WHERE site = ${site} AND place >= ${first} AND place < ${first + SLOTS} AND path IS NOT NULL`,
  );
  return numberOf(found?.[0]?.["pages"]);
}

export function* listedPages(
  { table, site, rows }: PostgresLink,
  { route, from, to }: SlotRange,
): Iterable<ListedPage> {
  const encoded = subjectKey(route, undefined);
  const first = firstPlace(encoded);
  // "0" is the character after "/", "$" the one after "#".
  const [one, ...bounds] = [encoded, `${encoded}#`, `${encoded}$`, `${encoded}/`, `${encoded}0`].map(sqlText);
  const [hash, pastHash, slash, pastSlash] = bounds;
  const isOfRoute = `(key = ${one} OR (key > ${hash} AND key < ${pastHash}) OR (key >= ${slash} AND key < ${pastSlash}))`;
  let after = "";
  for (;;) {
    const [found] = rows(
      `SELECT path, lastmod, encode(key_id, 'hex') AS id FROM ${table("page")}
         WHERE site = ${site} AND place >= ${first + from} AND place < ${first + to} AND path IS NOT NULL AND ${isOfRoute} ${after}
         ORDER BY path, key_id LIMIT ${PIECE_ROWS}`,
    );
    for (const row of found ?? []) yield { path: decoded(row["path"]), lastmod: optionalText(row["lastmod"]) };
    const last: SqlRow | undefined = found?.at(-1);
    if (last === undefined) return;
    after = `AND (path, key_id) > (${sqlText(decoded(last["path"]))}, decode('${String(last["id"])}','hex'))`;
  }
}
