import type { Encoding } from "../core/encoding.ts";
import type { AnyTypes } from "../core/read.ts";
import type { S3Store, SqsQueues } from "./declare-fleet.ts";
import type { PostgresManifest, PostgresSource } from "./declare-postgres.ts";
import type { SnapshotSource } from "./declare-snapshot.ts";
import type { Entities } from "./entities.ts";
import type { Prices } from "../core/prices.ts";
import type { Route } from "./route.ts";
import type { ScheduleOptions } from "./schedule.ts";

/** A source of NDJSON and JSON files: `film.ndjson`, `film/*.ndjson` or `film/42.json` below a directory. */
export interface FilesSource {
  readonly kind: "files";
  readonly dir: string;
}
/** The source that rekiln owns: its entities come by `rekiln put`, `patch`, `delete` and `import`. */
export interface EmbeddedSource {
  readonly kind: "embedded";
}
/** A query with columns whose text is JSON: what it spells is what the record has. */
export interface SqliteSelect {
  readonly query: string;
  readonly json?: readonly string[];
}
/** For each entity type a select with a column `id`: as text, or with the columns that hold JSON. */
export type SqliteQueries = Readonly<Record<string, string | SqliteSelect>>;
/** A source of rows of an SQLite database. */
export interface SqliteSource {
  readonly kind: "sqlite";
  readonly file: string;
  readonly queries: SqliteQueries;
}
export type SiteSource = FilesSource | SqliteSource | PostgresSource | EmbeddedSource | SnapshotSource;
/** A page store in a directory. */
export interface DirectoryStore {
  readonly kind: "directory";
  readonly dir: string;
}

/** Reads entities from `film.ndjson`, `film/*.ndjson` or `film/42.json` below `dir`, relative to the config. */
export function files(dir: string): FilesSource {
  return { kind: "files", dir };
}

/**
 * Reads entities from an SQLite database, relative to the config, which is never written to:
 * `sqlite("films.db", { film: "select id, title from film" })`. Each row is a record; a whole number as `id` becomes
 * text. Columns that hold JSON are named: `{ query: "select …", json: ["genres"] }`.
 */
export function sqlite(file: string, queries: SqliteQueries): SqliteSource {
  return { kind: "sqlite", file, queries };
}

/** Keeps entities in `.rekiln/entities.db` beside the config, and nowhere else. */
export function embedded(): EmbeddedSource {
  return { kind: "embedded" };
}

/** Writes pages below `dir`, relative to the config. */
export function directory(dir: string): DirectoryStore {
  return { kind: "directory", dir };
}

export interface SiteOptions<E extends AnyTypes> {
  /** Where the site answers. A path here (`https://example.com/films`) is the base of every link. */
  readonly url: string;
  /** Names of environment variables that shape pages: their values are part of the fingerprint. */
  readonly env?: readonly string[];
  readonly source: SiteSource;
  /** `directory("dist/")` by default. */
  readonly store?: DirectoryStore | S3Store;
  /** In the state folder beside the config by default: for one machine. */
  readonly manifest?: PostgresManifest;
  /** In the state folder beside the config by default. */
  readonly queue?: SqsQueues;
  /** Where `rekiln snapshot` writes the source to: `s3("s3://films/snapshots")`. Machines read it as `source: snapshot("s3://films/snapshots")`. */
  readonly snapshots?: S3Store;
  /**
   * Each text file of 1 KB or more gets precompressed twins beside it, `index.html.br` and `index.html.gz`, that a server can send as they are.
   * None by default.
   */
  readonly compress?: readonly Encoding[];
  /** What `rekiln schedule` starts, and when: by a name of your own. */
  readonly schedule?: Readonly<Record<string, ScheduleOptions>>;
  /** What requests cost, in dollars a million, for `rekiln cost`; a directory and SQLite cost nothing. */
  readonly prices?: Partial<Prices>;
  readonly entities: Entities<E>;
  readonly routes: Readonly<Record<string, Route<NoInfer<E>>>>;
}

/** Declares a site; the default export of `rekiln.config.ts`. */
export function defineSite<E extends AnyTypes>(site: SiteOptions<E>): SiteOptions<E> {
  return site;
}
