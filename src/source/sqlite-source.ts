import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";

import { messageOf, RekilnError } from "../core/errors.ts";
import { Mirror } from "./mirror.ts";
import type { MirrorOptions } from "./mirror.ts";
import type { MirroredRecords, MirroredType, RecordPart } from "./mirrored-records.ts";
import { digestFiles } from "./record-files.ts";
import type { RecordFile } from "./record-files.ts";
import { prepareQuery, queriedRecords } from "./sqlite-query.ts";
import type { RecordQuery } from "./sqlite-query.ts";

const BUSY_TIMEOUT_MS = 5000;

export interface SqliteSourceOptions extends MirrorOptions {
  /** The database, absolute. */
  readonly file: string;
  /** The same, as people write it. */
  readonly name: string;
  /** What each type is selected by, in a select with a column `id`. */
  readonly queries: ReadonlyMap<string, Pick<RecordQuery, "sql" | "json">>;
}

interface Prepared {
  readonly query: RecordQuery;
  readonly statement: StatementSync;
}

/** One snapshot of the database, and the digest of its files. */
interface Reading {
  readonly database: DatabaseSync;
  readonly prepared: ReadonlyMap<string, Prepared>;
  readonly digest: string;
}

/** Rows of any SQLite database, mirrored. The database is only read, all its types in one transaction. */
export class SqliteSource extends Mirror {
  readonly identity: string;
  readonly #options: SqliteSourceOptions;

  constructor(options: SqliteSourceOptions) {
    super(options);
    this.#options = options;
    this.identity = `sqlite:${options.name}`;
  }

  async bytes(): Promise<number> {
    return statSync(this.#options.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** @throws RekilnError `source-unreachable`, `query-invalid` when the first type is asked for */
  protected async open(signal: AbortSignal): Promise<MirroredRecords> {
    let reading: Reading | undefined;
    return {
      type: async (type) => {
        // Only now, when the mirror is locked: whoever waited for that would write older rows over newer ones.
        reading ??= await this.#read(signal);
        return this.#recordsOf(type, reading);
      },
      [Symbol.asyncDispose]: async () => reading?.database.close(),
    };
  }

  async #read(signal: AbortSignal): Promise<Reading> {
    const { name, queries } = this.#options;
    // Before the snapshot: what is written in between is noticed by the next one who asks, not taken for read.
    const digest = await this.#digest(signal);
    const database = this.#openDatabase();
    try {
      const prepared = new Map<string, Prepared>();
      for (const [type, { sql, json }] of queries) {
        const query: RecordQuery = { type, sql, json, database: name };
        prepared.set(type, { query, statement: prepareQuery(database, query) });
      }
      return { database, prepared, digest };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #recordsOf(type: string, { prepared, digest }: Reading): MirroredType {
    const { name } = this.#options;
    const found = prepared.get(type);
    if (found === undefined) {
      return { place: name, absence: `there is no query for ${type}`, parts: [], broken: [], digest: async () => "" };
    }
    const { query, statement } = found;
    const read = async function* (signal: AbortSignal): ReturnType<RecordPart["read"]> {
      for (const records of queriedRecords(statement, query)) {
        signal.throwIfAborted();
        yield records;
      }
    };
    return {
      place: name,
      absence: undefined,
      broken: [],
      parts: [{ name: `${name}: the query for ${type}`, read }],
      digest: async () => `${JSON.stringify([query.sql, query.json])} ${digest}`,
    };
  }

  #openDatabase(): DatabaseSync {
    const { file, name } = this.#options;
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
      throw unreachable(
        `The database ${name} isn't there.`,
        `Make ${file}, or mend \`source: sqlite(…)\` in the config.`,
      );
    }
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      // The first read begins the transaction: what is wrong with the file is said here.
      database.exec("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1");
      return database;
    } catch (error) {
      database?.close();
      throw unreadable(name, error);
    }
  }

  /** Of the database's files: its write-ahead log holds what isn't in the database yet. Whoever reads may make an empty one. */
  async #digest(signal: AbortSignal): Promise<string> {
    const { file, name } = this.#options;
    const files = [file, `${file}-wal`]
      .filter((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0)
      .map((path): RecordFile => ({ path, name, format: "json" }));
    try {
      return await digestFiles(files, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw unreadable(name, error);
    }
  }
}

function unreadable(name: string, error: unknown): RekilnError {
  const hint = "Look whether it is an SQLite database that this user may read and that nobody keeps locked.";
  return unreachable(`The database ${name} can't be read: ${messageOf(error)}.`, hint, error);
}

function unreachable(message: string, hint: string, cause?: unknown): RekilnError {
  return new RekilnError({
    code: "source-unreachable",
    message,
    disposition: "fatal",
    hint: `Nothing was changed. ${hint}`,
    cause,
  });
}
