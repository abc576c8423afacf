import type { DatabaseSync, StatementSync } from "node:sqlite";

import { subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { SLOTS, slotOf } from "../core/slot.ts";
import { encodedRouteOf, firstPlace } from "./page-place.ts";
import type { ListedPage, SitemapFile, SitemapMark, SitemapState, SitemapWrites, SlotRange } from "./sitemap-state.ts";

export const SITEMAP_TABLES = `
  CREATE TABLE IF NOT EXISTS sitemap (
    object_key TEXT PRIMARY KEY, route TEXT, shard INTEGER NOT NULL, shards INTEGER NOT NULL, addresses INTEGER NOT NULL,
    digest TEXT NOT NULL, etag TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sitemap_mark (
    route TEXT NOT NULL, slot INTEGER NOT NULL, pass INTEGER NOT NULL, PRIMARY KEY (route, slot)) WITHOUT ROWID;`;

/** What a manifest in SQLite keeps for sitemaps, beside its pages. Writes belong into its transactions. */
export class SqliteSitemaps implements SitemapState, SitemapWrites {
  readonly #database: DatabaseSync;
  readonly #mark: StatementSync;
  /** Of the current transaction. */
  #pass: number | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#mark = database.prepare(
      `INSERT INTO sitemap_mark VALUES (?, ?, ?)
         ON CONFLICT (route, slot) DO UPDATE SET pass = excluded.pass WHERE pass <> excluded.pass`,
    );
  }

  /** Called as each transaction begins: another process may have begun a pass. */
  beginTransaction(): void {
    this.#pass = undefined;
  }

  markPage(key: PageKey): void {
    this.mark(decodeURIComponent(encodedRouteOf(key)), slotOf(key));
  }

  mark(route: string, slot: number): void {
    this.#pass ??= this.#currentPass();
    this.#mark.run(route, slot, this.#pass);
  }

  #currentPass(): number {
    return Number(this.#database.prepare("SELECT value FROM meta WHERE name = 'sitemap-pass'").get()?.["value"] ?? 0);
  }

  marks(): readonly SitemapMark[] {
    return this.#marksBefore(Number.MAX_SAFE_INTEGER);
  }

  begin(): readonly SitemapMark[] {
    const row = this.#database
      .prepare(
        `INSERT INTO meta VALUES ('sitemap-pass', '1')
           ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING value`,
      )
      .get();
    // What was marked since then may be marked again without a trace: it is the next pass's.
    return this.#marksBefore(Number(row?.["value"]));
  }

  #marksBefore(pass: number): readonly SitemapMark[] {
    return this.#database
      .prepare("SELECT route, slot, pass FROM sitemap_mark WHERE pass < ? ORDER BY route, slot")
      .all(pass)
      .map((row) => ({ route: String(row["route"]), slot: Number(row["slot"]), pass: Number(row["pass"]) }));
  }

  take(marks: readonly SitemapMark[]): boolean {
    const find = this.#database.prepare("SELECT 1 FROM sitemap_mark WHERE route = ? AND slot = ?");
    const isAll = marks.every(({ route, slot }) => find.get(route, slot) !== undefined);
    const remove = this.#database.prepare("DELETE FROM sitemap_mark WHERE route = ? AND slot = ? AND pass = ?");
    for (const { route, slot, pass } of marks) remove.run(route, slot, pass);
    return isAll;
  }

  /** Two routes with one hash are counted together: it decides into how many shards a route is cut, no more. */
  count(route: string): number {
    const first = firstPlace(subjectKey(route, undefined));
    const row = this.#database
      .prepare("SELECT count(*) AS pages FROM page WHERE place >= ? AND place < ? AND path IS NOT NULL")
      .get(first, first + SLOTS);
    return Number(row?.["pages"]);
  }

  *pages({ route, from, to }: SlotRange): Iterable<ListedPage> {
    const encoded = subjectKey(route, undefined);
    const first = firstPlace(encoded);
    // "0" is the character after "/", "$" the one after "#".
    const rows = this.#database
      .prepare(
        `SELECT path, lastmod FROM page WHERE place >= ? AND place < ? AND path IS NOT NULL
           AND (key = ? OR (key > ? AND key < ?) OR (key >= ? AND key < ?)) ORDER BY path`,
      )
      .iterate(first + from, first + to, encoded, `${encoded}#`, `${encoded}$`, `${encoded}/`, `${encoded}0`);
    for (const { path, lastmod } of rows) {
      yield { path: String(path), lastmod: typeof lastmod === "string" ? lastmod : undefined };
    }
  }

  files(): readonly SitemapFile[] {
    return this.#database
      .prepare("SELECT * FROM sitemap ORDER BY object_key")
      .all()
      .map((row) => ({
        objectKey: String(row["object_key"]),
        route: typeof row["route"] === "string" ? row["route"] : undefined,
        shard: Number(row["shard"]),
        shards: Number(row["shards"]),
        addresses: Number(row["addresses"]),
        digest: String(row["digest"]),
        etag: String(row["etag"]),
      }));
  }

  put({ objectKey, route, shard, shards, addresses, digest, etag }: SitemapFile): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO sitemap VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(objectKey, route ?? null, shard, shards, addresses, digest, etag);
  }

  remove(objectKey: string): void {
    this.#database.prepare("DELETE FROM sitemap WHERE object_key = ?").run(objectKey);
  }
}
