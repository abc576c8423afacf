/** A table whose rows lead to entities of a type: what stands in its column `key` are their ids. */
export interface CapturedTable {
  /** With its schema where the search path doesn't find it: `"film"`, `"shop.film"`. */
  readonly table: string;
  readonly key: string;
}
/** A query, and the tables whose changes `rekiln capture install` notes for it. */
export interface PostgresSelect {
  readonly query: string;
  /** The table that the entities come from; without it, changes are found by reading everything. */
  readonly table?: string;
  /** The column of `table` that the query selects as `id`; default `"id"`. */
  readonly key?: string;
  /** Other tables that the query reads, with the column that holds the ids of the entities to read again. */
  readonly also?: readonly CapturedTable[];
}
/** For each entity type a select with a column `id`: as text, or with the tables that it reads. */
export type PostgresQueries = Readonly<Record<string, string | PostgresSelect>>;

export interface PostgresOptions {
  /** `postgres://user@host/database`; default: `DATABASE_URL`, else what `PGHOST`, `PGDATABASE`, … say. */
  readonly url?: string;
  /** How long a query, or a piece of its rows, may take; default 300. */
  readonly timeoutSeconds?: number;
}
/** A source of rows of a Postgres database. */
export interface PostgresSource extends PostgresOptions {
  readonly kind: "postgres";
  readonly queries: PostgresQueries;
}

export interface PostgresManifestOptions {
  /** `postgres://user@host/database`; default: `DATABASE_URL`, else what `PGHOST`, `PGDATABASE`, … say. */
  readonly url?: string;
  /** In which `rekiln migrate` makes its tables, for any number of sites; default `"rekiln"`. */
  readonly schema?: string;
}

/** A manifest in a Postgres database. */
export interface PostgresManifest extends PostgresManifestOptions {
  readonly kind: "postgres";
}

/**
 * Keeps what is published in a Postgres database, for workers on any number of machines: `postgresManifest()`. `rekiln migrate` makes its
 * tables. It belongs to a store that all of them reach: `s3(…)`.
 */
export function postgresManifest(options: PostgresManifestOptions = {}): PostgresManifest {
  return { kind: "postgres", ...options };
}

/**
 * Reads entities from a Postgres database, which is only read: `postgres({ film: "select id, title from film" })`. Each row is a
 * record; a number or a UUID as `id` is its text. With `{ query: "select …", table: "film" }` for a type, `rekiln capture install` has the
 * database note which rows change, and `rekiln work` follows them.
 */
export function postgres(queries: PostgresQueries, options: PostgresOptions = {}): PostgresSource {
  return { kind: "postgres", queries, ...options };
}
