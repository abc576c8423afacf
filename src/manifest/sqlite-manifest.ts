import { statSync } from "node:fs";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";

import { RekilnError } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import { parseDependency } from "./edge-text.ts";
import type {
  CopiedFile,
  Dependant,
  Edge,
  Manifest,
  ManifestTransaction,
  PageRecord,
  PageRow,
  PageStates,
  StalePage,
  StoredPage,
  Verified,
} from "./manifest.ts";
import { placeOf } from "./page-place.ts";
import { inOrder, packRefs, pageRefsOf, unpackHashes, unpackRefs, usesOf } from "./page-refs.ts";
import type { PageRef } from "./page-refs.ts";
import { SqliteIntents } from "./sqlite-intents.ts";
import { SqliteLeftPaths } from "./sqlite-left-paths.ts";
import { SqliteQueries } from "./sqlite-queries.ts";
import { SqliteRefIndex } from "./sqlite-ref-index.ts";
import { toPageRow } from "./sqlite-rows.ts";
import { LATE_INDEXES, openManifestDatabase } from "./sqlite-schema.ts";
import { SqliteSitemaps } from "./sqlite-sitemaps.ts";
import { SqliteStatements } from "./sqlite-statements.ts";
import type { Row } from "./sqlite-statements.ts";
import { SqliteSweep } from "./sqlite-sweep.ts";

/** A manifest in SQLite, for threads and processes of one machine. */
export class SqliteManifest implements Manifest, ManifestTransaction {
  readonly pressedAtOnce = { least: 1, most: 32 };
  readonly left: SqliteLeftPaths;
  readonly sitemaps: SqliteSitemaps;
  readonly sweep: SqliteSweep;
  readonly #database: DatabaseSync;
  readonly #statements: SqliteStatements;
  readonly #queries: SqliteQueries;
  readonly #intents: SqliteIntents;
  readonly #index: SqliteRefIndex;
  /** Of the current transaction: rows are only added, and the index of keys isn't there. */
  #isBulk = false;
  /** Of the current transaction: nobody else changes what it has read. */
  #rows: Map<PageKey, Row | undefined> | undefined;
  #touchedMax: number | undefined;
  readonly #file: string;
  readonly #inode: number | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#database = openManifestDatabase(file);
    this.#inode = inodeOf(file);
    this.#statements = new SqliteStatements(this.#database);
    this.#queries = new SqliteQueries(this.#statements);
    this.#intents = new SqliteIntents(this.#database);
    this.#index = new SqliteRefIndex(this.#database);
    this.left = new SqliteLeftPaths(this.#database);
    this.sitemaps = new SqliteSitemaps(this.#database);
    this.sweep = new SqliteSweep(this.#database);
    if (this.meta("bulk") === undefined) this.#database.exec(LATE_INDEXES);
  }

  look(): this {
    // It is near: what is asked for costs no more one by one.
    return this;
  }

  transact<T>(work: (transaction: ManifestTransaction) => T, isDurable = false): T {
    if (!isDurable) return this.#transact(work);
    this.#database.exec("PRAGMA synchronous = FULL");
    try {
      return this.#transact(work);
    } finally {
      this.#database.exec("PRAGMA synchronous = NORMAL");
    }
  }

  #transact<T>(work: (transaction: ManifestTransaction) => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    this.#isBulk = this.meta("bulk") !== undefined;
    this.sitemaps.beginTransaction();
    this.#rows = new Map();
    this.#index.beginTransaction();
    try {
      if (inodeOf(this.#file) !== this.#inode) throw manifestReplaced(this.#file);
      const result = work(this);
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#rows = undefined;
      this.#touchedMax = undefined;
      this.#index.endTransaction();
    }
  }

  page(key: PageKey): PageRow | undefined {
    const row = this.#rowOf(key);
    return row === undefined ? undefined : toPageRow(row);
  }

  #rowOf(key: PageKey): Row | undefined {
    const known = this.#rows?.get(key);
    if (known !== undefined) return known;
    const row = this.#statements.get("SELECT * FROM page WHERE key = ?", key);
    this.#rows?.set(key, row);
    return row;
  }

  pagesOf(first: PageKey): readonly PageRow[] {
    // "$" is the character after "#"; neither occurs in an encoded part.
    const rows = this.#statements.all(
      "SELECT * FROM page WHERE key = ? OR (key > ? AND key < ?)",
      first,
      `${first}#`,
      `${first}$`,
    );
    return rows.map(toPageRow);
  }

  *dependants(ref: RefHash): Iterable<Dependant> {
    const find = this.#statements.of(
      "SELECT page.key, page_refs.refs, page_refs.uses FROM page_refs JOIN page ON page.id = page_refs.page WHERE page_refs.page = ?",
    );
    for (const page of this.#index.candidates(ref)) {
      const row = find.get(page);
      if (row === undefined) continue;
      const key = String(row["key"]) as PageKey;
      for (const what of usesOf(ref, row["refs"], row["uses"])) yield { key, dependency: parseDependency(what) };
      for (const what of this.#intents.uses(page, ref)) yield { key, dependency: parseDependency(what) };
    }
  }

  edgesOf(key: PageKey): readonly Edge[] {
    const row = this.#statements.get("SELECT id FROM page WHERE key = ?", key);
    const refs = row === undefined ? [] : this.#refsOf(Number(row["id"]));
    return refs.map(({ ref, what }) => ({ ref, dependency: parseDependency(what) }));
  }

  intend(key: PageKey, press: string, version: number, path: string, edges: readonly Edge[]): void {
    const found = this.#statements.get("SELECT id FROM page WHERE key = ?", key)?.["id"];
    const id = found === undefined ? this.#writeUnpublished(key) : Number(found);
    const known = new Set(this.#refsOf(id).map(({ ref }) => ref));
    const pageRefs = pageRefsOf(edges);
    for (const { ref } of pageRefs) if (!known.has(ref)) this.#index.add(ref, id);
    this.#intents.put(id, press, version, path, pageRefs);
  }

  intendedPaths(key: PageKey): readonly string[] {
    return this.#intents.pathsOf(key);
  }

  newestIntent(key: PageKey): number {
    return this.#intents.newestOf(key);
  }

  settleIntents(key: PageKey, press: string, version: number): void {
    const id = this.#statements.get("SELECT id FROM page WHERE key = ?", key)?.["id"];
    if (id !== undefined) this.#intents.settle(Number(id), press, version);
  }

  #writeUnpublished(key: PageKey): number {
    const nothing = { published: undefined, due: undefined, error: undefined };
    const id = this.#write({ key, verified: { epoch: 0, version: 0 }, ...nothing });
    this.#writeRefs(id, []);
    return id;
  }

  record(record: PageRecord, edges: readonly Edge[]): void {
    this.#writeRefs(this.#write(record), pageRefsOf(edges));
  }

  recordFailure(record: PageRecord, edges: readonly Edge[]): void {
    const id = this.#write(record);
    this.#writeRefs(id, inOrder([...this.#refsOf(id), ...pageRefsOf(edges)]));
  }

  #refsOf(id: number): readonly PageRef[] {
    const row = this.#isBulk ? undefined : this.#statements.get("SELECT refs, uses FROM page_refs WHERE page = ?", id);
    return row === undefined ? [] : unpackRefs(row["refs"], row["uses"]);
  }

  #writeRefs(id: number, pageRefs: readonly PageRef[]): void {
    const { refs, uses, claims } = packRefs(pageRefs);
    if (!this.#isBulk) {
      const row = this.#statements.get("SELECT refs, uses FROM page_refs WHERE page = ?", id);
      if (row !== undefined && row["uses"] === uses && refs.length > 0) {
        const before = row["refs"];
        if (before instanceof Uint8Array && Buffer.compare(before, refs) === 0) return;
      }
      const known = new Set(row === undefined ? [] : unpackRefs(row["refs"], row["uses"]).map(({ ref }) => ref));
      for (const { ref } of pageRefs) if (!known.has(ref)) this.#index.add(ref, id);
    }
    this.#statements.of("INSERT OR REPLACE INTO page_refs VALUES (?, ?, ?, ?)").run(id, refs, uses, claims);
  }

  /** Writes the row of a page. @returns its id */
  #write(record: PageRecord): number {
    const { key, published, verified } = record;
    const values: SQLInputValue[] = [
      published?.path ?? null,
      published?.stamp.epoch ?? null,
      published?.stamp.version ?? null,
      published?.stamp.time ?? null,
      published === undefined ? null : Buffer.from(published.digest, "hex"),
      published?.etag ?? null,
      published?.bytes ?? null,
      verified.epoch,
      verified.version,
      record.due ?? null,
      record.error ?? null,
      record.error === undefined ? null : (record.stale?.kind ?? null),
      record.error === undefined ? null : (record.stale?.since ?? null),
      published?.lastmod ?? null,
    ];
    const found = this.#isBulk ? undefined : this.#rowOf(key);
    this.#rows?.delete(key);
    const isListedAsBefore =
      (found?.["path"] ?? null) === (published?.path ?? null) &&
      (found?.["lastmod"] ?? null) === (published?.lastmod ?? null);
    if (!this.#isBulk && !isListedAsBefore) this.sitemaps.markPage(key);
    if (found === undefined) {
      const columns =
        "place, key, path, epoch, version, time, digest, etag, bytes, verified_epoch, verified_version, due, error, stale, stale_since, lastmod";
      const inserted = this.#statements
        .of(`INSERT INTO page (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
        .run(placeOf(key), key, ...values);
      return Number(inserted.lastInsertRowid);
    }
    const id = Number(found["id"]);
    this.#statements.run(
      `UPDATE page SET path = ?, epoch = ?, version = ?, time = ?, digest = ?, etag = ?, bytes = ?,
         verified_epoch = ?, verified_version = ?, due = ?, error = ?, stale = ?, stale_since = ?, lastmod = ? WHERE id = ?`,
      ...values,
      id,
    );
    return id;
  }

  remove(row: PageRow): void {
    this.#statements.run("DELETE FROM page_refs WHERE page = ?", row.id);
    this.#intents.remove(row.id);
    this.#statements.run("DELETE FROM page WHERE id = ?", row.id);
    this.#rows?.delete(row.key);
    if (row.published !== undefined) this.sitemaps.markPage(row.key);
  }

  verify({ id, published, verified: before }: PageRow, verified: Verified): boolean {
    const done = this.#statements
      .of(
        `UPDATE page SET verified_epoch = ?, verified_version = ?
         WHERE id = ? AND etag IS ? AND verified_epoch = ? AND verified_version = ? AND error IS NULL`,
      )
      .run(verified.epoch, verified.version, id, published?.etag ?? null, before.epoch, before.version);
    return done.changes > 0;
  }

  distrust(key: PageKey): void {
    this.#statements.run("UPDATE page SET verified_epoch = 0, verified_version = 0 WHERE key = ?", key);
    this.#rows?.delete(key);
  }

  touch(refs: Iterable<RefHash>, version: number): void {
    const statement = this.#statements.of(
      "INSERT INTO touched VALUES (?, ?) ON CONFLICT (ref) DO UPDATE SET version = max(version, excluded.version)",
    );
    for (const ref of refs) statement.run(ref, version);
    if (version > this.#newestTouched()) this.setMeta("touched", String(version));
    this.#touchedMax = undefined;
  }

  isTouchedAbove(refs: Iterable<RefHash>, version: number): boolean {
    // Nothing was touched above it at all: the usual case.
    if (this.#newestTouched() <= version) return false;
    const statement = this.#statements.of("SELECT 1 AS found FROM touched WHERE ref = ? AND version > ?");
    for (const ref of refs) if (statement.get(ref, version) !== undefined) return true;
    return false;
  }

  #newestTouched(): number {
    if (this.#touchedMax !== undefined) return this.#touchedMax;
    const newest = Number(this.meta("touched") ?? 0);
    if (this.#rows !== undefined) this.#touchedMax = newest;
    return newest;
  }

  meta(name: string): string | undefined {
    const row = this.#statements.get("SELECT value FROM meta WHERE name = ?", name);
    return row === undefined ? undefined : String(row["value"]);
  }

  setMeta(name: string, value: string | undefined): void {
    if (value === undefined) this.#statements.run("DELETE FROM meta WHERE name = ?", name);
    else
      this.#statements.run(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
      );
  }

  floor(): number {
    return Number(this.meta("floor") ?? 0);
  }

  count(): number {
    return this.#queries.count();
  }

  unverified(route: string, verified: Verified): Iterable<readonly PageKey[]> {
    return this.#queries.unverified(route, verified);
  }

  behind(route: string, version: number): Iterable<readonly PageKey[]> {
    return this.#queries.behind(route, version);
  }

  keysOf(route: string): Iterable<readonly PageKey[]> {
    return this.#queries.keysOf(route);
  }

  states(now: number): PageStates {
    return this.#queries.states(now);
  }

  stalePages(limit: number): readonly StalePage[] {
    return this.#queries.stalePages(limit);
  }

  failedOrDue(now: number): readonly PageKey[] {
    return this.#queries.failedOrDue(now);
  }

  due(now: number, limit: number): readonly PageKey[] {
    return this.#queries.due(now, limit);
  }

  stored(): Iterable<readonly StoredPage[]> {
    return this.#queries.stored();
  }

  routes(): readonly string[] {
    return this.#queries.routes();
  }

  collidingPages(): readonly PageKey[] {
    const keys = new Set<PageKey>();
    for (const pages of this.#index.sharedClaims()) {
      for (const page of pages) {
        const row = this.#statements.get("SELECT key FROM page WHERE id = ?", page);
        if (row !== undefined) keys.add(String(row["key"]) as PageKey);
      }
    }
    return [...keys];
  }

  beginBulk(): void {
    this.#database.exec("DROP INDEX IF EXISTS page_key; DROP INDEX IF EXISTS page_place");
    this.setMeta("bulk", "1");
  }

  followBulk(): void {
    this.#index.follow();
  }

  finishBulk(): void {
    this.#rebuildIndex();
    this.#database.exec(LATE_INDEXES);
    this.setMeta("bulk", undefined);
  }

  tidy(): void {
    if (this.#index.isLoose) this.#rebuildIndex();
  }

  #rebuildIndex(): void {
    this.transact(() => this.#index.rebuild(this.#intents.refs()));
  }

  useOf(ref: RefHash): { readonly isUsed: boolean; readonly isUsedByFailed: boolean } {
    const isUsed = !this.dependants(ref)[Symbol.iterator]().next().done;
    if (!isUsed) return { isUsed, isUsedByFailed: false };
    const failed = this.#statements.all(
      "SELECT refs, uses FROM page JOIN page_refs ON page_refs.page = page.id WHERE page.error IS NOT NULL",
    );
    return { isUsed, isUsedByFailed: failed.some(({ refs }) => unpackHashes(refs).includes(ref)) };
  }

  copiedFiles(): readonly CopiedFile[] {
    return this.#statements.all("SELECT * FROM copied").map((row) => ({
      objectKey: String(row["object_key"]),
      file: String(row["file"]),
      digest: String(row["digest"]),
      etag: String(row["etag"]),
    }));
  }

  setCopiedFiles(put: readonly CopiedFile[], removed: readonly string[]): void {
    this.transact(() => {
      for (const { objectKey, file, digest, etag } of put) {
        this.#statements.run("INSERT OR REPLACE INTO copied VALUES (?, ?, ?, ?)", objectKey, file, digest, etag);
      }
      for (const objectKey of removed) this.#statements.run("DELETE FROM copied WHERE object_key = ?", objectKey);
    });
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Which file stands there now. */
function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** Another manifest stands in its place, or none: what is recorded here nobody will read, and pages would be put that nobody knows of. */
function manifestReplaced(file: string): RekilnError {
  return new RekilnError({
    code: "manifest-replaced",
    message: `The manifest ${file} was removed or replaced.`,
    disposition: "retry",
    hint: "Run rekiln build, then start this again.",
  });
}
