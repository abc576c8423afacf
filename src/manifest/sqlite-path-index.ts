import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";

import type { PageKey } from "../core/page.ts";
import { claimRef } from "../core/ref.ts";

const FORMAT = "1";

/** Where a first page stands. */
export interface PathEntry {
  readonly key: PageKey;
  readonly collisionKey: string;
}

/**
 * From a path to the first pages that may be there, for a site that wasn't built: found by the same refs as claims in a
 * manifest. Whoever asks makes sure that a page is really there, so what is out of date does no harm. A cache: it is
 * made anew when it can't be read.
 */
export class SqlitePathIndex implements Disposable {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #readMeta: StatementSync;
  readonly #writeMeta: StatementSync;

  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    this.#database = openIndex(file);
    this.#find = this.#database.prepare("SELECT key FROM path WHERE ref = ?");
    this.#put = this.#database.prepare(
      "INSERT INTO path VALUES (?, ?, ?) ON CONFLICT (ref, key) DO UPDATE SET run = excluded.run WHERE run <> excluded.run",
    );
    this.#readMeta = this.#database.prepare("SELECT value FROM meta WHERE name = ?");
    this.#writeMeta = this.#database.prepare(
      "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
  }

  /** Of whatever code and version the index last held all paths of; undefined before that. */
  get complete(): { readonly code: string; readonly version: number } | undefined {
    const [code, version] = [this.#meta("code"), this.#meta("version")];
    return code === undefined || version === undefined ? undefined : { code, version: Number(version) };
  }

  keysAt(collisionKey: string): readonly PageKey[] {
    // Only `add` writes keys, and it was given them.
    return this.#find.all(claimRef(collisionKey)).map(({ key }) => String(key) as PageKey);
  }

  /** Begins to go over all pages: what isn't added again until `finish` goes. */
  begin(): void {
    this.#setMeta("run", String(Number(this.#meta("run") ?? 0) + 1));
    this.#database.exec("DELETE FROM meta WHERE name IN ('code', 'version')");
  }

  add(entries: Iterable<PathEntry>): void {
    const run = Number(this.#meta("run") ?? 0);
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const { key, collisionKey } of entries) this.#put.run(claimRef(collisionKey), key, run);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** The index has all paths of a code at a version. After `begin`, what wasn't added since is dropped. */
  finish(code: string, version: number, isWhole: boolean): void {
    if (isWhole) this.#database.prepare("DELETE FROM path WHERE run <> ?").run(Number(this.#meta("run") ?? 0));
    this.#setMeta("code", code);
    this.#setMeta("version", String(version));
  }

  #meta(name: string): string | undefined {
    const value = this.#readMeta.get(name)?.["value"];
    return value === undefined ? undefined : String(value);
  }

  #setMeta(name: string, value: string): void {
    this.#writeMeta.run(name, value);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function openIndex(file: string): DatabaseSync {
  try {
    return openFile(file);
  } catch {
    // Of another format, or torn.
    for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
    return openFile(file);
  }
}

function openFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5000 });
  try {
    // What is lost with a crash is found again.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    database.exec(`
      CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS path (ref INTEGER, key TEXT, run INTEGER NOT NULL, PRIMARY KEY (ref, key)) WITHOUT ROWID;
      INSERT OR IGNORE INTO meta VALUES ('format', '${FORMAT}')`);
    const format = database.prepare("SELECT value FROM meta WHERE name = 'format'").get()?.["value"];
    if (format !== FORMAT) throw new Error(`the path index has format ${String(format)}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
