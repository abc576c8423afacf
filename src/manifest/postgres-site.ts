import { RekilnError } from "../core/errors.ts";
import type { Asked } from "./manifest.ts";
import { asksFor } from "./postgres-asks.ts";
import type { PostgresChannel, SqlRow } from "./postgres-channel.ts";
import type { PostgresLink } from "./postgres-reads.ts";
import { FORMAT, formatOf, SITE_TABLES, tablesIn, wrongFormat } from "./postgres-schema.ts";
import { sqlText } from "./postgres-sql.ts";
import { PostgresTransaction } from "./postgres-transaction.ts";

/** Which manifest of which schema. */
export interface SiteAddress {
  readonly schema: string;
  /** The site's own id, from its record. */
  readonly name: string;
  /** Number of this very manifest: another one, of the same site, has another number. */
  readonly site: number;
}

/** Whoever is paused or dead within a transaction lets go of the lock after so long. */
const IDLE_SECONDS = 30;
/** So long a transaction waits for others: longer than one that is dead holds them up. */
const LOCK_SECONDS = 60;
const STATEMENT_SECONDS = 60;
const CLEARING_SECONDS = 3600;

/** Settings that nearly every transaction asks for. */
const USUAL = ["bulk", "epoch", "seen", "removed", "touched", "floor", "sitemap-pass"];

const READING = [
  "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
  `SELECT set_config('statement_timeout', '${STATEMENT_SECONDS}s', true)`,
];

function writing(isDurable: boolean): readonly string[] {
  const limits = [
    ["statement_timeout", STATEMENT_SECONDS],
    ["lock_timeout", LOCK_SECONDS],
    ["idle_in_transaction_session_timeout", IDLE_SECONDS],
  ].map(([name, seconds]) => `set_config('${name}', '${seconds}s', true)`);
  // What is stronger stays.
  const durable = `set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)`;
  return [
    // A statement sees what was committed before it: after the lock, all that was.
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    `SELECT ${(isDurable ? [...limits, durable] : limits).join(", ")}`,
  ];
}

/**
 * The number of a site's manifest; undefined when there is none.
 *
 * @throws RekilnError `manifest-format` when `rekiln migrate` is needed, or its tables are newer; `manifest-unreachable`
 */
export function findSite(channel: PostgresChannel, schema: string, name: string): number | undefined {
  const format = formatOf(channel, schema);
  if (format !== FORMAT) throw wrongFormat(format, channel.name, schema);
  const [rows] = channel.exchange([`SELECT id FROM ${tablesIn(schema)("site")} WHERE name = ${sqlText(name)}`]);
  const id = rows?.[0]?.["id"];
  return typeof id === "string" ? Number(id) : undefined;
}

/**
 * A new manifest of a site, without anything in it; the one that it had is thrown away, and whoever has it open finds that out.
 * @returns its number
 */
export function makeSite(channel: PostgresChannel, schema: string, name: string): number {
  const table = tablesIn(schema);
  const before = findSite(channel, schema, name);
  const answers = channel.exchange([
    ...writing(true),
    `DELETE FROM ${table("site")} WHERE name = ${sqlText(name)}`,
    `INSERT INTO ${table("site")} (name) VALUES (${sqlText(name)}) RETURNING id`,
    "COMMIT",
  ]);
  const id = Number(answers.at(-2)?.[0]?.["id"]);
  if (before !== undefined) clear(channel, schema, before);
  return id;
}

/** Throws a site's manifest away, if there is one: whoever has it open finds that out. */
export function removeSite(channel: PostgresChannel, schema: string, name: string): void {
  const before = findSite(channel, schema, name);
  if (before === undefined) return;
  channel.exchange([...writing(true), `DELETE FROM ${tablesIn(schema)("site")} WHERE id = ${before}`, "COMMIT"]);
  clear(channel, schema, before);
}

/** What no site has any more: nobody reads it, so that nothing depends on whether this ends. */
function clear(channel: PostgresChannel, schema: string, site: number): void {
  for (const name of SITE_TABLES) {
    channel.exchange(
      [
        "BEGIN",
        `SELECT set_config('statement_timeout', '${CLEARING_SECONDS}s', true)`,
        `DELETE FROM ${tablesIn(schema)(name)} WHERE site = ${site}`,
        "COMMIT",
      ],
      { timeoutSeconds: CLEARING_SECONDS },
    );
  }
}

/** One site's manifest over a connection: its round trips, and its transactions. */
export class PostgresSite implements Disposable {
  /** Without a transaction. */
  readonly link: PostgresLink;
  readonly #channel: PostgresChannel;
  readonly #address: SiteAddress;

  constructor(channel: PostgresChannel, address: SiteAddress) {
    this.#channel = channel;
    this.#address = address;
    const { schema, site } = address;
    this.link = { table: tablesIn(schema), site, rows: (...statements) => this.#read(statements) };
  }

  get roundTrips(): number {
    return this.#channel.roundTrips;
  }

  #read(statements: readonly string[]): readonly (readonly SqlRow[])[] {
    // Asked for last: where it is still there, all that was read was its own.
    const answers = this.#channel.exchange([...READING, ...statements, this.#site(""), "COMMIT"]);
    this.#check(answers[READING.length + statements.length]);
    return answers.slice(READING.length, READING.length + statements.length);
  }

  #site(lock: string): string {
    const { site } = this.#address;
    const { table } = this.link;
    return `SELECT id, (SELECT max(version) FROM ${table("format")}) AS format FROM ${table("site")} site WHERE id = ${site} ${lock}`;
  }

  #check(found: readonly SqlRow[] | undefined): void {
    const [row] = found ?? [];
    const { schema } = this.#address;
    if (row === undefined) throw manifestReplaced(this.#channel.name, schema);
    const format = Number(row["format"]);
    if (format !== FORMAT) throw wrongFormat(format, this.#channel.name, schema);
  }

  transact<T>(work: (transaction: PostgresTransaction) => T, isDurable: boolean, asked: Asked): T {
    let failure: { readonly error: unknown } | undefined;
    const run = (statements: readonly string[]): readonly (readonly SqlRow[])[] => {
      // Whoever caught it goes on in a transaction that is there no more.
      if (failure !== undefined) throw failure.error;
      try {
        return this.#channel.exchange(statements, { continues: true });
      } catch (error) {
        failure = { error };
        throw error;
      }
    };
    const transaction = new PostgresTransaction(this.link, run, asked);
    this.#begin(transaction, isDurable, asked);
    try {
      const result = work(transaction);
      run([...transaction.writes.take(), "COMMIT"]);
      return result;
    } catch (error) {
      if (failure === undefined) this.#rollBack();
      throw error;
    }
  }

  #begin({ reads: { facts } }: PostgresTransaction, isDurable: boolean, asked: Asked): void {
    const { table, site } = this.link;
    const wanted = { ...asked, settings: [...USUAL, ...(asked.settings ?? [])] };
    const asks = asksFor(wanted, table, site, facts);
    const before = [...writing(isDurable), this.#site("FOR UPDATE OF site")];
    const answers = this.#channel.exchange([...before, ...asks.map(({ sql }) => sql)]);
    try {
      this.#check(answers[before.length - 1]);
      for (const [place, { take }] of asks.entries()) take(answers[before.length + place] ?? []);
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#channel.exchange(["ROLLBACK"], { continues: true });
    } catch {
      // The connection is gone, and the transaction with it.
    }
  }

  /** After many rows came at once: how they are found is planned by what is known of them. */
  analyze(): void {
    this.#channel.exchange(["page", "page_refs"].map((name) => `ANALYZE ${this.link.table(name)}`));
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }
}

/** Another manifest stands in its place, or none: what is recorded here nobody will read, and pages would be put that nobody knows of. */
function manifestReplaced(database: string, schema: string): RekilnError {
  return new RekilnError({
    code: "manifest-replaced",
    message: `The manifest in the schema ${schema} of ${database} was removed or replaced.`,
    disposition: "retry",
    hint: "Run rekiln build, then start this again.",
  });
}
