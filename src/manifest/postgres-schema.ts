import { RekilnError } from "../core/errors.ts";
import type { ExchangeOptions, PostgresChannel } from "./postgres-channel.ts";
import { sqlText } from "./postgres-sql.ts";

/** Where the tables are, in statements. */
export type Tables = (name: string) => string;

/** Names of the tables of a schema. */
export function tablesIn(schema: string): Tables {
  return (name) => `${quoted(schema)}.${name}`;
}

const quoted = (schema: string): string => `"${schema.replaceAll('"', '""')}"`;

/**
 * What brings tables from one format to the next: the first from none. What was released is never changed; a new format is one more.
 * Texts are in the order of their bytes. Keys may be as long as their ids are, so that indexes have a hash, or their beginning.
 */
const MIGRATIONS: readonly ((table: Tables) => readonly string[])[] = [
  (table) => [
    `CREATE TABLE ${table("site")} (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE)`,
    `CREATE TABLE ${table("page")} (
       site integer NOT NULL, key_id bytea NOT NULL, subject_id bytea NOT NULL, key text COLLATE "C" NOT NULL, place bigint NOT NULL,
       path text COLLATE "C", epoch bigint, version bigint, time bigint, digest bytea, etag text COLLATE "C", bytes bigint,
       verified_epoch bigint NOT NULL, verified_version bigint NOT NULL, due bigint, error text COLLATE "C", stale text COLLATE "C",
       stale_since bigint, lastmod text COLLATE "C", PRIMARY KEY (site, key_id)) WITH (fillfactor = 80)`,
    `CREATE INDEX page_key ON ${table("page")} (site, left(key, 256))`,
    `CREATE INDEX page_subject ON ${table("page")} (site, subject_id)`,
    `CREATE INDEX page_place ON ${table("page")} (site, place) WHERE path IS NOT NULL`,
    `CREATE INDEX page_due ON ${table("page")} (site, due) WHERE due IS NOT NULL`,
    `CREATE INDEX page_time ON ${table("page")} (site, time) WHERE time > 0`,
    `CREATE INDEX page_error ON ${table("page")} (site) WHERE error IS NOT NULL`,
    `CREATE TABLE ${table("page_refs")} (
       site integer NOT NULL, key_id bytea NOT NULL, refs bigint[] NOT NULL, uses text COLLATE "C" NOT NULL, claims integer NOT NULL,
       PRIMARY KEY (site, key_id))`,
    // Without its list of what is pending, which each question would read through.
    `CREATE INDEX page_refs_refs ON ${table("page_refs")} USING gin (refs) WITH (fastupdate = off)`,
    `CREATE TABLE ${table("intent")} (
       site integer NOT NULL, key_id bytea NOT NULL, press text COLLATE "C" NOT NULL, version bigint NOT NULL, path text COLLATE "C" NOT NULL,
       refs bigint[] NOT NULL, uses text COLLATE "C" NOT NULL, PRIMARY KEY (site, key_id, press))`,
    `CREATE INDEX intent_refs ON ${table("intent")} USING gin (refs)`,
    `CREATE TABLE ${table("touched")} (site integer NOT NULL, ref bigint NOT NULL, version bigint NOT NULL, PRIMARY KEY (site, ref))`,
    `CREATE TABLE ${table("setting")} (
       site integer NOT NULL, name_id bytea NOT NULL, name text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL,
       PRIMARY KEY (site, name_id))`,
    `CREATE TABLE ${table("copied")} (
       site integer NOT NULL, object_key text COLLATE "C" NOT NULL, file text COLLATE "C" NOT NULL, digest text COLLATE "C" NOT NULL,
       etag text COLLATE "C" NOT NULL, PRIMARY KEY (site, object_key))`,
    `CREATE TABLE ${table("left_path")} (
       site integer NOT NULL, collision_id bytea NOT NULL, collision_key text COLLATE "C" NOT NULL, path text COLLATE "C" NOT NULL,
       key_id bytea NOT NULL, key text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, version bigint NOT NULL,
       since bigint NOT NULL, expires bigint NOT NULL, PRIMARY KEY (site, collision_id))`,
    `CREATE INDEX left_path_order ON ${table("left_path")} (site, left(collision_key, 256))`,
    `CREATE INDEX left_path_key ON ${table("left_path")} (site, key_id)`,
    `CREATE INDEX left_path_expires ON ${table("left_path")} (site, expires)`,
    `CREATE INDEX left_path_handover ON ${table("left_path")} (site, since) WHERE kind = 'handover'`,
    `CREATE TABLE ${table("sitemap")} (
       site integer NOT NULL, object_key text COLLATE "C" NOT NULL, route text COLLATE "C", shard integer NOT NULL, shards integer NOT NULL,
       addresses integer NOT NULL, digest text COLLATE "C" NOT NULL, etag text COLLATE "C" NOT NULL, PRIMARY KEY (site, object_key))`,
    `CREATE TABLE ${table("sitemap_mark")} (
       site integer NOT NULL, route text COLLATE "C" NOT NULL, slot integer NOT NULL, pass bigint NOT NULL,
       PRIMARY KEY (site, route, slot))`,
    `CREATE TABLE ${table("sweep_slice")} (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, site integer NOT NULL, route text COLLATE "C" NOT NULL,
       after text COLLATE "C" NOT NULL, up_to text COLLATE "C", swept bigint NOT NULL, rounds bigint NOT NULL, holder text COLLATE "C",
       lease_until bigint NOT NULL)`,
    `CREATE INDEX sweep_slice_route ON ${table("sweep_slice")} (site, route, swept)`,
    `CREATE TABLE ${table("drift")} (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, site integer NOT NULL, key_id bytea NOT NULL, key text COLLATE "C" NOT NULL,
       at bigint NOT NULL, cause text COLLATE "C" NOT NULL, detail text COLLATE "C" NOT NULL)`,
    `CREATE INDEX drift_order ON ${table("drift")} (site, id)`,
    `CREATE INDEX drift_key ON ${table("drift")} (site, key_id)`,
    `CREATE INDEX drift_at ON ${table("drift")} (site, at)`,
  ],
];

/** The tables with rows of sites, beside `site` itself. */
export const SITE_TABLES = [
  "page",
  "page_refs",
  "intent",
  "touched",
  "setting",
  "copied",
  "left_path",
  "sitemap",
  "sitemap_mark",
  "sweep_slice",
  "drift",
] as const;

/** The format of the tables that this rekiln reads and writes. */
export const FORMAT = MIGRATIONS.length;

/** Whoever makes tables in a schema holds this lock, of two numbers, the second its own hash. */
const LOCK_CLASS = 7_244_101;
const MIGRATION_SECONDS = 3600;

export interface Migration {
  readonly schema: string;
  /** 0: there was nothing. */
  readonly from: number;
  readonly to: number;
  /** What is run, or would be. */
  readonly statements: readonly string[];
}

/** The format of a schema's tables; 0 when there are none. @throws RekilnError `manifest-unreachable` */
export function formatOf(channel: PostgresChannel, schema: string, options?: ExchangeOptions): number {
  const format = tablesIn(schema)("format");
  // The catalog's own rows: what to_regclass doesn't find it may have looked up before another session made it.
  const look = `SELECT count(*) AS found FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = ${sqlText(schema)} AND relname = 'format'`;
  const [tables] = channel.exchange([look], options);
  if (Number(tables?.[0]?.["found"]) === 0) return 0;
  const [rows] = channel.exchange([`SELECT max(version) AS version FROM ${format}`], options);
  return Number(rows?.[0]?.["version"] ?? 0);
}

/**
 * Makes the tables of a schema, or brings them to today's format: all of it, or nothing. Two at once do it once.
 *
 * @throws RekilnError `manifest-format` when a newer rekiln made them, `manifest-refused` when it isn't allowed to
 */
export function migrate(channel: PostgresChannel, schema: string, isDryRun: boolean): Migration {
  const [encoding] = channel.exchange(["SHOW server_encoding"]);
  if (encoding?.[0]?.["server_encoding"] !== "UTF8") throw notUtf8(channel.name, encoding?.[0]?.["server_encoding"]);
  const before = checked(formatOf(channel, schema), channel.name, schema);
  if (before === FORMAT || isDryRun) return { schema, from: before, to: FORMAT, statements: stepsFrom(before, schema) };
  const lock = `SELECT pg_advisory_xact_lock(${LOCK_CLASS}, hashtext(${sqlText(schema)}))`;
  const limits = `SELECT set_config('statement_timeout', '${MIGRATION_SECONDS}s', true), set_config('lock_timeout', '60s', true)`;
  channel.exchange(["BEGIN ISOLATION LEVEL READ COMMITTED", limits, lock], { timeoutSeconds: MIGRATION_SECONDS });
  try {
    const from = checked(formatOf(channel, schema, { continues: true }), channel.name, schema);
    const statements = stepsFrom(from, schema);
    channel.exchange([...statements, "COMMIT"], { continues: true, timeoutSeconds: MIGRATION_SECONDS });
    return { schema, from, to: FORMAT, statements };
  } catch (error) {
    try {
      channel.exchange(["ROLLBACK"], { continues: true });
    } catch {
      // The connection is gone, and the transaction with it.
    }
    throw error;
  }
}

function stepsFrom(from: number, schema: string): readonly string[] {
  if (from === FORMAT) return [];
  const table = tablesIn(schema);
  const steps = MIGRATIONS.slice(from).flatMap((migration) => migration(table));
  if (from > 0) return [...steps, `UPDATE ${table("format")} SET version = ${FORMAT}`];
  return [
    // Whoever may not make schemas may be given one.
    `DO $$ BEGIN IF to_regnamespace(${sqlText(quoted(schema))}) IS NULL THEN CREATE SCHEMA ${quoted(schema)}; END IF; END $$`,
    `CREATE TABLE ${table("format")} (version integer NOT NULL)`,
    ...steps,
    `INSERT INTO ${table("format")} VALUES (${FORMAT})`,
  ];
}

function checked(format: number, database: string, schema: string): number {
  if (format <= FORMAT) return format;
  throw newerFormat(format, database, schema);
}

/** What to say of tables that aren't of today's format. */
export function wrongFormat(format: number, database: string, schema: string): RekilnError {
  if (format > FORMAT) return newerFormat(format, database, schema);
  return new RekilnError({
    code: "manifest-format",
    message:
      format === 0
        ? `The schema ${schema} of ${database} has no tables for the manifest.`
        : `The manifest in the schema ${schema} of ${database} has format ${format}; this rekiln reads format ${FORMAT}.`,
    disposition: "fatal",
    hint: "Run rekiln migrate: it makes what is missing, and keeps what is there.",
  });
}

function newerFormat(format: number, database: string, schema: string): RekilnError {
  return new RekilnError({
    code: "manifest-format",
    message: `The manifest in the schema ${schema} of ${database} has format ${format}; this rekiln reads format ${FORMAT}.`,
    disposition: "fatal",
    hint: "Use the rekiln that made it, or a newer one; or name another schema in manifest: postgresManifest({ schema: … }).",
  });
}

function notUtf8(database: string, encoding: string | null | undefined): RekilnError {
  return new RekilnError({
    code: "manifest-refused",
    message: `The database ${database} is encoded as ${String(encoding)}, which doesn't hold every text.`,
    disposition: "fatal",
    hint: "Name one whose encoding is UTF8.",
  });
}
