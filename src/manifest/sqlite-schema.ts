import { DatabaseSync } from "node:sqlite";

import { RekilnError } from "../core/errors.ts";
import { INTENT_TABLE } from "./sqlite-intents.ts";
import { LEFT_PATH_TABLE } from "./sqlite-left-paths.ts";
import { SITEMAP_TABLES } from "./sqlite-sitemaps.ts";
import { SWEEP_TABLES } from "./sqlite-sweep.ts";

const FORMAT = "6";
/** A batch of another thread, which moves files into place, may take long where the disk is busy. */
const BUSY_TIMEOUT_MS = 60_000;

/** Opens a manifest database and makes its tables. */
export function openManifestDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    return prepareManifest(database);
  } catch (error) {
    database.close();
    throw damaged(error);
  }
}

/** SQLite's codes for a file that is damaged, or no database. */
const DAMAGED = new Set([11, 26]);

/** What to do about a manifest that can't be read; other errors as they are. */
function damaged(error: unknown): unknown {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  if (!DAMAGED.has(code)) return error;
  return new RekilnError({
    code: "manifest-damaged",
    message: "The manifest can't be read: its file is damaged.",
    disposition: "fatal",
    hint: "Run rekiln manifest rebuild: it makes it anew from the pages, and writes none that is right.",
    cause: error,
  });
}

function prepareManifest(database: DatabaseSync): DatabaseSync {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -8000;
    PRAGMA temp_store = FILE;
    PRAGMA wal_autocheckpoint = 8000;
  `);
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() === undefined) {
    database.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS page (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, path TEXT, epoch INTEGER, version INTEGER, time INTEGER,
        digest BLOB, etag TEXT, bytes INTEGER, verified_epoch INTEGER NOT NULL, verified_version INTEGER NOT NULL,
        due INTEGER, error TEXT, stale TEXT, stale_since INTEGER, lastmod TEXT, place INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS page_refs (
        page INTEGER PRIMARY KEY, refs BLOB NOT NULL, uses TEXT NOT NULL, claims INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS block (
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, entries BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS added (ref INTEGER NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (ref, page)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS touched (ref INTEGER PRIMARY KEY, version INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS copied (
        object_key TEXT PRIMARY KEY, file TEXT NOT NULL, digest TEXT NOT NULL, etag TEXT NOT NULL) WITHOUT ROWID;
      ${INTENT_TABLE}
      ${LEFT_PATH_TABLE}
      ${SITEMAP_TABLES}
      CREATE INDEX IF NOT EXISTS block_run ON block (run, last);
      CREATE INDEX IF NOT EXISTS page_due ON page (due) WHERE due IS NOT NULL;
      CREATE INDEX IF NOT EXISTS page_error ON page (id) WHERE error IS NOT NULL;
      INSERT OR IGNORE INTO meta VALUES ('format', '${FORMAT}');
      COMMIT;
    `);
  }
  const format = database.prepare("SELECT value FROM meta WHERE name = 'format'").get()?.["value"];
  if (format !== FORMAT) {
    throw new RekilnError({
      code: "manifest-format",
      message: `The manifest has format ${String(format)}; this rekiln reads format ${FORMAT}.`,
      disposition: "fatal",
      hint: "Use the rekiln that wrote it, or delete the manifest in .rekiln/: the next build makes it anew from the pages.",
    });
  }
  // Tables that a manifest of this format may lack: they came later, and begin empty.
  database.exec(SWEEP_TABLES);
  return database;
}

/** The indexes that a first build leaves to its end. */
export const LATE_INDEXES = `
  CREATE UNIQUE INDEX IF NOT EXISTS page_key ON page (key);
  CREATE INDEX IF NOT EXISTS page_place ON page (place) WHERE path IS NOT NULL;
`;
