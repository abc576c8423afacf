import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

import { RekilnError } from "../core/errors.ts";
import { isBusy } from "./sqlite-error.ts";

const FORMAT = "1";
const BUSY_TIMEOUT_MS = 5000;
const SWITCH_ATTEMPTS = 250;
const SWITCH_PAUSE_MS = 20;

/**
 * Opens the database of one lane and makes its tables. `position` is the place of a message that can be received;
 * one that can't has `due` instead, when it can be, in milliseconds. `is_held`: whether the receipt of its last receive can ack it.
 */
export function openLaneDatabase(file: string): DatabaseSync {
  keepPrivate(file);
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    prepare(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Messages are for this user alone; what SQLite keeps beside a database gets its mode. */
function keepPrivate(file: string): void {
  try {
    closeSync(openSync(file, "a", 0o600));
  } catch {
    // SQLite is about to say what is wrong with it.
  }
}

/**
 * Of two that switch a new file at once, SQLite fails one without letting it wait, since each could wait for the other. That one
 * tries again, and finds it done.
 */
function switchToWal(database: DatabaseSync): void {
  for (let attempts = 1; ; attempts++) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (attempts === SWITCH_ATTEMPTS || !isBusy(error)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SWITCH_PAUSE_MS);
    }
  }
}

function prepare(database: DatabaseSync, file: string): void {
  // `fullfsync`: on macOS a sync reaches the disk itself only so.
  switchToWal(database);
  database.exec(`
    PRAGMA fullfsync = ON;
    PRAGMA cache_size = -8000;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
  `);
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() === undefined) {
    // AUTOINCREMENT: an id of a message that is gone never names another one, nor does its receipt.
    database.exec(`
      PRAGMA synchronous = FULL;
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS message (
        id INTEGER PRIMARY KEY AUTOINCREMENT, sent_at INTEGER NOT NULL, receives INTEGER NOT NULL,
        is_held INTEGER NOT NULL, position INTEGER, due INTEGER, body TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS message_ready ON message (position) WHERE position IS NOT NULL;
      CREATE INDEX IF NOT EXISTS message_due ON message (due, is_held) WHERE due IS NOT NULL;
      CREATE TABLE IF NOT EXISTS dead (
        id INTEGER PRIMARY KEY, sent_at INTEGER NOT NULL, receives INTEGER NOT NULL, dead_at INTEGER NOT NULL,
        reason TEXT NOT NULL, body TEXT NOT NULL);
      INSERT OR IGNORE INTO meta VALUES ('format', '${FORMAT}');
      COMMIT;
    `);
  }
  const format = database.prepare("SELECT value FROM meta WHERE name = 'format'").get()?.["value"];
  if (format !== FORMAT) {
    throw new RekilnError({
      code: "queue-format",
      message: `The queue ${file} has format ${String(format)}; this rekiln reads format ${FORMAT}.`,
      disposition: "fatal",
      hint: "Let the rekiln that wrote it work until it is empty, then delete it.",
    });
  }
}
