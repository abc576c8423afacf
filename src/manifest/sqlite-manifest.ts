import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

import type { Digest } from "../core/digest.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey, subjectKey } from "../core/page.ts";
import { hash53 } from "../core/ref.ts";
import type { RefHash } from "../core/ref.ts";
import { formatDependency, parseDependency } from "./edge-text.ts";
import type {
  CopiedFile,
  Dependant,
  Edge,
  Manifest,
  ManifestTransaction,
  PageRecord,
  PageRow,
  Published,
  StoredPage,
  Verified,
} from "./manifest.ts";
import { LATE_INDEXES, openManifestDatabase } from "./sqlite-schema.ts";

const PIECE_ROWS = 500;
/** Two hashes below it are added exactly. */
const HASH_MODULUS = 2 ** 52;

type Row = Record<string, unknown>;

/** A manifest in SQLite, for threads and processes of one machine. */
export class SqliteManifest implements Manifest, ManifestTransaction {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Of the current transaction: rows are only added, and the index of keys isn't there. */
  #isBulk = false;

  constructor(file: string) {
    this.#database = openManifestDatabase(file);
    if (this.meta("bulk") === undefined) this.#database.exec(LATE_INDEXES);
  }

  transact<T>(work: (transaction: ManifestTransaction) => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    this.#isBulk = this.meta("bulk") !== undefined;
    try {
      const result = work(this);
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  page(key: PageKey): PageRow | undefined {
    const row = this.#get("SELECT * FROM page WHERE key = ?", key);
    return row === undefined ? undefined : toPageRow(row);
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
    const sql = "SELECT page.key, edge.what FROM edge JOIN page ON page.id = edge.page WHERE edge.ref = ?";
    for (const row of this.#all(sql, ref)) {
      yield { key: String(row["key"]) as PageKey, dependency: parseDependency(String(row["what"])) };
    }
  }

  record(record: PageRecord, edges: readonly Edge[]): void {
    const written = new Map<string, { readonly ref: RefHash; readonly what: string }>();
    // Of a set: the order of edges doesn't matter. 0 stands for what a failure left.
    let edgesHash = 1;
    for (const { ref, dependency } of edges) {
      const what = formatDependency(dependency);
      const name = `${ref} ${what}`;
      if (written.has(name)) continue;
      written.set(name, { ref, what });
      edgesHash = (edgesHash + (hash53(name) % HASH_MODULUS)) % HASH_MODULUS;
    }
    const { id, edges: before } = this.#write(record, edgesHash);
    if (before === edgesHash) return;
    if (before !== undefined) {
      for (const row of this.#all("SELECT ref, what FROM edge WHERE page = ?", id)) {
        const name = `${String(row["ref"])} ${String(row["what"])}`;
        if (!written.delete(name)) {
          this.#run(
            "DELETE FROM edge WHERE page = ? AND ref = ? AND what = ?",
            id,
            Number(row["ref"]),
            String(row["what"]),
          );
        }
      }
    }
    const insert = this.#statement("INSERT OR IGNORE INTO edge VALUES (?, ?, ?)");
    for (const { ref, what } of written.values()) insert.run(id, ref, what);
  }

  recordFailure(record: PageRecord, edges: readonly Edge[]): void {
    const { id } = this.#write(record, 0);
    for (const { ref, dependency } of edges) {
      this.#run("INSERT OR IGNORE INTO edge VALUES (?, ?, ?)", id, ref, formatDependency(dependency));
    }
  }

  /** Writes the row of a page; gives its id and what `edges` was before, undefined for a new row. */
  #write(record: PageRecord, edges: number): { id: number; edges: number | undefined } {
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
      edges,
    ];
    const found = this.#isBulk ? undefined : this.#get("SELECT id, edges FROM page WHERE key = ?", key);
    if (found === undefined) {
      const columns =
        "key, path, epoch, version, time, digest, etag, bytes, verified_epoch, verified_version, due, error, edges";
      const inserted = this.#statement(
        `INSERT INTO page (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(key, ...values);
      return { id: Number(inserted.lastInsertRowid), edges: undefined };
    }
    const id = Number(found["id"]);
    this.#run(
      `UPDATE page SET path = ?, epoch = ?, version = ?, time = ?, digest = ?, etag = ?, bytes = ?,
         verified_epoch = ?, verified_version = ?, due = ?, error = ?, edges = ? WHERE id = ?`,
      ...values,
      id,
    );
    return { id, edges: Number(found["edges"]) };
  }

  remove(row: PageRow): void {
    this.#run("DELETE FROM edge WHERE page = ?", row.id);
    this.#run("DELETE FROM page WHERE id = ?", row.id);
  }

  touch(refs: Iterable<RefHash>, version: number): void {
    const statement = this.#statement(
      "INSERT INTO touched VALUES (?, ?) ON CONFLICT (ref) DO UPDATE SET version = max(version, excluded.version)",
    );
    for (const ref of refs) statement.run(ref, version);
    if (version > Number(this.meta("touched") ?? 0)) this.setMeta("touched", String(version));
  }

  isTouchedAbove(refs: Iterable<RefHash>, version: number): boolean {
    // Nothing was touched above it at all: the usual case.
    if (Number(this.meta("touched") ?? 0) <= version) return false;
    const statement = this.#statement("SELECT 1 AS found FROM touched WHERE ref = ? AND version > ?");
    for (const ref of refs) if (statement.get(ref, version) !== undefined) return true;
    return false;
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

  count(): number {
    return Number(this.#get("SELECT count(path) AS pages FROM page")?.["pages"] ?? 0);
  }

  unverified(route: string, verified: Verified): Iterable<readonly PageKey[]> {
    const condition = "AND error IS NULL AND (verified_epoch <> ? OR verified_version < ?)";
    return this.#keys(route, condition, [verified.epoch, verified.version]);
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

  failedOrDue(now: number): readonly PageKey[] {
    return this.#all("SELECT key FROM page WHERE error IS NOT NULL UNION SELECT key FROM page WHERE due <= ?", now).map(
      (row) => String(row["key"]) as PageKey,
    );
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
    return this.#all(`
      SELECT page.key FROM edge JOIN page ON page.id = edge.page WHERE edge.ref IN (
        SELECT ref FROM edge WHERE what IN ('c', 'f') GROUP BY ref HAVING count(*) > 1 AND min(what) = 'c')`).map(
      (row) => String(row["key"]) as PageKey,
    );
  }

  beginBulk(): void {
    this.#database.exec("DROP INDEX IF EXISTS page_key; DROP INDEX IF EXISTS edge_ref");
    this.setMeta("bulk", "1");
  }

  finishBulk(): void {
    this.#database.exec(LATE_INDEXES);
    this.setMeta("bulk", undefined);
  }

  useOf(ref: RefHash): { readonly isUsed: boolean; readonly isUsedByFailed: boolean } {
    const failed =
      "SELECT 1 FROM page JOIN edge ON edge.page = page.id WHERE page.error IS NOT NULL AND edge.ref = ? LIMIT 1";
    return {
      isUsed: this.#get("SELECT 1 FROM edge WHERE ref = ? LIMIT 1", ref) !== undefined,
      isUsedByFailed: this.#get(failed, ref) !== undefined,
    };
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
  };
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
  };
}
