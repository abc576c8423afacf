import { statSync } from "node:fs";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

import type { Digest } from "../core/digest.ts";
import { RekilnError } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey, subjectKey } from "../core/page.ts";
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
  Published,
  Stale,
  StalePage,
  StoredPage,
  Verified,
} from "./manifest.ts";
import { placeOf } from "./page-place.ts";
import { inOrder, packRefs, pageRefsOf, unpackHashes, unpackRefs, usesOf } from "./page-refs.ts";
import type { PageRef } from "./page-refs.ts";
import { SqliteIntents } from "./sqlite-intents.ts";
import { SqliteLeftPaths } from "./sqlite-left-paths.ts";
import { SqliteRefIndex } from "./sqlite-ref-index.ts";
import { LATE_INDEXES, openManifestDatabase } from "./sqlite-schema.ts";
import { SqliteSitemaps } from "./sqlite-sitemaps.ts";
import { SqliteSweep } from "./sqlite-sweep.ts";
import { CLOCK_AHEAD_MAX_SECONDS } from "./sweep-state.ts";

const PIECE_ROWS = 500;

type Row = Record<string, unknown>;

/** A manifest in SQLite, for threads and processes of one machine. */
export class SqliteManifest implements Manifest, ManifestTransaction {
  readonly pressedAtOnce = { least: 1, most: 32 };
  readonly left: SqliteLeftPaths;
  readonly sitemaps: SqliteSitemaps;
  readonly sweep: SqliteSweep;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
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
    const row = this.#get("SELECT * FROM page WHERE key = ?", key);
    this.#rows?.set(key, row);
    return row;
  }

  pagesOf(first: PageKey): readonly PageRow[] {
    // "$" is the character after "#"; neither occurs in an encoded part.
    const rows = this.#all(
      "SELECT * FROM page WHERE key = ? OR (key > ? AND key < ?)",
      first,
      `${first}#`,
      `${first}$`,
    );
    return rows.map(toPageRow);
  }

  *dependants(ref: RefHash): Iterable<Dependant> {
    const find = this.#statement(
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
    const row = this.#get("SELECT id FROM page WHERE key = ?", key);
    const refs = row === undefined ? [] : this.#refsOf(Number(row["id"]));
    return refs.map(({ ref, what }) => ({ ref, dependency: parseDependency(what) }));
  }

  intend(key: PageKey, press: string, version: number, path: string, edges: readonly Edge[]): void {
    const found = this.#get("SELECT id FROM page WHERE key = ?", key)?.["id"];
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
    const id = this.#get("SELECT id FROM page WHERE key = ?", key)?.["id"];
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
    const row = this.#isBulk ? undefined : this.#get("SELECT refs, uses FROM page_refs WHERE page = ?", id);
    return row === undefined ? [] : unpackRefs(row["refs"], row["uses"]);
  }

  #writeRefs(id: number, pageRefs: readonly PageRef[]): void {
    const { refs, uses, claims } = packRefs(pageRefs);
    if (!this.#isBulk) {
      const row = this.#get("SELECT refs, uses FROM page_refs WHERE page = ?", id);
      if (row !== undefined && row["uses"] === uses && refs.length > 0) {
        const before = row["refs"];
        if (before instanceof Uint8Array && Buffer.compare(before, refs) === 0) return;
      }
      const known = new Set(row === undefined ? [] : unpackRefs(row["refs"], row["uses"]).map(({ ref }) => ref));
      for (const { ref } of pageRefs) if (!known.has(ref)) this.#index.add(ref, id);
    }
    this.#statement("INSERT OR REPLACE INTO page_refs VALUES (?, ?, ?, ?)").run(id, refs, uses, claims);
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
      const inserted = this.#statement(
        `INSERT INTO page (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(placeOf(key), key, ...values);
      return Number(inserted.lastInsertRowid);
    }
    const id = Number(found["id"]);
    this.#run(
      `UPDATE page SET path = ?, epoch = ?, version = ?, time = ?, digest = ?, etag = ?, bytes = ?,
         verified_epoch = ?, verified_version = ?, due = ?, error = ?, stale = ?, stale_since = ?, lastmod = ? WHERE id = ?`,
      ...values,
      id,
    );
    return id;
  }

  remove(row: PageRow): void {
    this.#run("DELETE FROM page_refs WHERE page = ?", row.id);
    this.#intents.remove(row.id);
    this.#run("DELETE FROM page WHERE id = ?", row.id);
    this.#rows?.delete(row.key);
    if (row.published !== undefined) this.sitemaps.markPage(row.key);
  }

  verify({ id, published, verified: before }: PageRow, verified: Verified): boolean {
    const done = this.#statement(
      `UPDATE page SET verified_epoch = ?, verified_version = ?
         WHERE id = ? AND etag IS ? AND verified_epoch = ? AND verified_version = ? AND error IS NULL`,
    ).run(verified.epoch, verified.version, id, published?.etag ?? null, before.epoch, before.version);
    return done.changes > 0;
  }

  distrust(key: PageKey): void {
    this.#run("UPDATE page SET verified_epoch = 0, verified_version = 0 WHERE key = ?", key);
    this.#rows?.delete(key);
  }

  touch(refs: Iterable<RefHash>, version: number): void {
    const statement = this.#statement(
      "INSERT INTO touched VALUES (?, ?) ON CONFLICT (ref) DO UPDATE SET version = max(version, excluded.version)",
    );
    for (const ref of refs) statement.run(ref, version);
    if (version > this.#newestTouched()) this.setMeta("touched", String(version));
    this.#touchedMax = undefined;
  }

  isTouchedAbove(refs: Iterable<RefHash>, version: number): boolean {
    // Nothing was touched above it at all: the usual case.
    if (this.#newestTouched() <= version) return false;
    const statement = this.#statement("SELECT 1 AS found FROM touched WHERE ref = ? AND version > ?");
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
    const row = this.#get("SELECT value FROM meta WHERE name = ?", name);
    return row === undefined ? undefined : String(row["value"]);
  }

  setMeta(name: string, value: string | undefined): void {
    if (value === undefined) this.#run("DELETE FROM meta WHERE name = ?", name);
    else
      this.#run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value);
  }

  floor(): number {
    return Number(this.meta("floor") ?? 0);
  }

  count(): number {
    return Number(this.#get("SELECT count(path) AS pages FROM page")?.["pages"] ?? 0);
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
      const rows = this.#all(
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
    for (const row of this.#all(
      "SELECT stale, count(*) AS pages, min(stale_since) AS since FROM page WHERE error IS NOT NULL GROUP BY stale",
    )) {
      stale[toStaleKind(row["stale"])] += Number(row["pages"]);
      note(row["since"]);
    }
    const due = this.#get("SELECT count(*) AS pages, min(due) AS since FROM page WHERE due <= ?", now);
    note(due?.["since"]);
    return {
      published: this.count(),
      stale,
      due: Number(due?.["pages"] ?? 0),
      oldestSince: since.length === 0 ? undefined : Math.min(...since),
    };
  }

  stalePages(limit: number): readonly StalePage[] {
    const rows = this.#all(
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
    return this.#all("SELECT key FROM page WHERE error IS NOT NULL UNION SELECT key FROM page WHERE due <= ?", now).map(
      (row) => String(row["key"]) as PageKey,
    );
  }

  due(now: number, limit: number): readonly PageKey[] {
    const rows = this.#all(
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
      const rows = this.#all(
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
      const row = this.#get("SELECT key FROM page WHERE key > ? ORDER BY key LIMIT 1", after);
      if (row === undefined) return routes;
      const { route } = parsePageKey(String(row["key"]) as PageKey);
      if (!routes.includes(route)) routes.push(route);
      // Past all keys of this subject or, once a key has a subject, of this route.
      const first = subjectKey(route, undefined);
      const key = String(row["key"]);
      after = key === first ? key : key.startsWith(`${first}/`) ? `${first}/\u007F` : `${first}$`;
    }
  }

  collidingPages(): readonly PageKey[] {
    const keys = new Set<PageKey>();
    for (const pages of this.#index.sharedClaims()) {
      for (const page of pages) {
        const row = this.#get("SELECT key FROM page WHERE id = ?", page);
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
    const failed = this.#all(
      "SELECT refs, uses FROM page JOIN page_refs ON page_refs.page = page.id WHERE page.error IS NOT NULL",
    );
    return { isUsed, isUsedByFailed: failed.some(({ refs }) => unpackHashes(refs).includes(ref)) };
  }

  copiedFiles(): readonly CopiedFile[] {
    return this.#all("SELECT * FROM copied").map((row) => ({
      objectKey: String(row["object_key"]),
      file: String(row["file"]),
      digest: String(row["digest"]),
      etag: String(row["etag"]),
    }));
  }

  setCopiedFiles(put: readonly CopiedFile[], removed: readonly string[]): void {
    this.transact(() => {
      for (const { objectKey, file, digest, etag } of put) {
        this.#run("INSERT OR REPLACE INTO copied VALUES (?, ?, ?, ?)", objectKey, file, digest, etag);
      }
      for (const objectKey of removed) this.#run("DELETE FROM copied WHERE object_key = ?", objectKey);
    });
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }
}

function toPageRow(row: Row): PageRow {
  return {
    id: Number(row["id"]),
    // Only `record` writes keys, and it is given page keys.
    key: String(row["key"]) as PageKey,
    published: row["path"] === null ? undefined : toPublished(row),
    verified: { epoch: Number(row["verified_epoch"]), version: Number(row["verified_version"]) },
    due: row["due"] === null ? undefined : Number(row["due"]),
    error: typeof row["error"] === "string" ? row["error"] : undefined,
    stale: toStale(row),
  };
}

function toStale(row: Row): Stale | undefined {
  const since = row["stale_since"];
  return typeof since === "number" ? { kind: toStaleKind(row["stale"]), since } : undefined;
}

function toStaleKind(kind: unknown): Stale["kind"] {
  return kind === "collided" || kind === "withheld" ? kind : "failed";
}

function toPublished(row: Row): Published {
  const digest = row["digest"];
  return {
    path: String(row["path"]),
    stamp: { epoch: Number(row["epoch"]), version: Number(row["version"]), time: Number(row["time"]) },
    // Only `record` writes digests, from the hexadecimal form.
    digest: (digest instanceof Uint8Array ? Buffer.from(digest).toString("hex") : "") as Digest,
    etag: String(row["etag"]),
    bytes: Number(row["bytes"]),
    lastmod: typeof row["lastmod"] === "string" ? row["lastmod"] : undefined,
  };
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
