import { setTimeout } from "node:timers/promises";

import type { Client, FieldDef, QueryArrayConfig } from "pg";

import { RekilnError } from "../core/errors.ts";
import { postgresError } from "./postgres-error.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** The server gives a query up first, and says so. */
const ANSWER_GRACE_MS = 5000;
const CLIENT_CHECK_MS = 1000;
/** What rekiln asks by itself is answered soon; else the connection is dead. */
const OWN_TIMEOUT_SECONDS = 30;
const FAREWELL_MS = 2000;

export interface PostgresAddress {
  /** Undefined leaves it to `DATABASE_URL`, or to what libpq reads: `PGHOST` and so on. */
  readonly url: string | undefined;
  readonly timeoutSeconds: number;
}

export interface PostgresRows {
  readonly fields: readonly FieldDef[];
  /** As Postgres writes them, nothing parsed. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A connection to a Postgres database: what goes wrong is said in the project's words, and without the password. */
export class PostgresSession implements AsyncDisposable {
  /** The database, as people write it. */
  readonly name: string;
  readonly #client: Client;
  readonly #timeoutSeconds: number;
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;
  #failure: unknown;

  private constructor(client: Client, timeoutSeconds: number, signal: AbortSignal) {
    this.#client = client;
    this.name = nameOf(client);
    this.#timeoutSeconds = timeoutSeconds;
    this.#signal = signal;
    this.#onAbort = () => void client.end();
    signal.addEventListener("abort", this.#onAbort, { once: true });
    client.on("error", (error) => (this.#failure ??= error));
  }

  /** @param signal ends the connection, whatever it does @throws RekilnError `source-unreachable` */
  static async connect({ url, timeoutSeconds }: PostgresAddress, signal: AbortSignal): Promise<PostgresSession> {
    signal.throwIfAborted();
    // Imported here: only sites with such a source need it.
    const { default: pg } = await import("pg");
    const address = url ?? process.env["DATABASE_URL"] ?? "";
    let client: Client;
    try {
      client = new pg.Client({
        ...(address === "" ? {} : { connectionString: address }),
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: timeoutSeconds * 1000 + ANSWER_GRACE_MS,
        keepAlive: true,
        application_name: "rekiln",
        types: { getTypeParser: () => asWritten },
      });
    } catch {
      // What it can't read is the address, with its password.
      throw new RekilnError({
        code: "source-unreachable",
        message: "The address of the Postgres database can't be read.",
        disposition: "fatal",
        hint: "Write postgres://user@host:5432/database in DATABASE_URL or in url of postgres(…), with special characters of the password as %40 and so on.",
      });
    }
    const session = new PostgresSession(client, timeoutSeconds, signal);
    try {
      await client.connect();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw session.#meaning(error, undefined, CONNECT_TIMEOUT_MS / 1000);
    }
  }

  /**
   * Begins a transaction that reads one state of the database: the one of now. A query ends soon after whoever asked has gone, where
   * the server can find that out.
   */
  async begin(): Promise<void> {
    await this.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
       SET LOCAL statement_timeout = ${Math.round(this.#timeoutSeconds * 1000)};
       SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601';
       SET LOCAL extra_float_digits = 1; SET LOCAL cursor_tuple_fraction = 1;
       DO $$ BEGIN
         PERFORM set_config('client_connection_check_interval', '${CLIENT_CHECK_MS}', true);
       EXCEPTION WHEN OTHERS THEN NULL; END $$`,
    );
  }

  async end(): Promise<void> {
    await this.query("COMMIT");
  }

  /** Several statements at once, or one. @throws RekilnError `source-unreachable`, `query-invalid` */
  async query(text: string): Promise<void> {
    await this.#run(async () => this.#client.query(text), undefined);
  }

  /**
   * One statement, never several.
   *
   * @param subject whose SQL it is, for messages
   * @throws RekilnError `source-unreachable`, `query-invalid`
   */
  async rows(text: string, values: readonly unknown[] = [], subject?: string): Promise<PostgresRows> {
    const seconds = subject === undefined ? OWN_TIMEOUT_SECONDS : this.#timeoutSeconds;
    // The types don't know of these two; the mode refuses more than one statement.
    const query: QueryArrayConfig & { readonly queryMode: "extended"; readonly query_timeout: number } = {
      text,
      values: [...values],
      rowMode: "array",
      queryMode: "extended",
      query_timeout: seconds * 1000 + ANSWER_GRACE_MS,
    };
    const { fields, rows } = await this.#run(
      async () => this.#client.query<(string | null)[]>(query),
      subject,
      seconds,
    );
    return { fields, rows };
  }

  /**
   * Several statements in one round trip.
   *
   * @returns the rows of each, by the names of their columns
   * @throws what the client throws: whoever asks says what it means
   */
  async exchange(
    text: string,
    timeoutSeconds: number,
  ): Promise<readonly (readonly Readonly<Record<string, string | null>>[])[]> {
    if (this.#failure !== undefined) throw this.#failure;
    // The types don't know of this one.
    const query: { readonly text: string; readonly query_timeout: number } = {
      text,
      query_timeout: timeoutSeconds * 1000,
    };
    const answered: unknown = await this.#client.query(query);
    // Of one statement it is no array.
    const results = (Array.isArray(answered) ? answered : [answered]) as readonly {
      readonly rows: readonly Readonly<Record<string, string | null>>[];
    }[];
    return results.map(({ rows }) => rows);
  }

  /** The first row of one statement, by the names of its columns. */
  async row(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Readonly<Record<string, string | null>> | undefined> {
    const { fields, rows } = await this.rows(text, values);
    const [first] = rows;
    return first && Object.fromEntries(fields.map(({ name }, index) => [name, first[index] ?? null]));
  }

  /** Has the server tell of what is notified on a channel. */
  async listen(channel: string, onNotice: () => void): Promise<void> {
    this.#client.on("notification", onNotice);
    this.#client.on("end", onNotice);
    await this.query(`LISTEN ${channel}`);
  }

  async #run<T>(act: () => Promise<T>, subject: string | undefined, seconds = this.#timeoutSeconds): Promise<T> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      return await act();
    } catch (error) {
      throw this.#meaning(error, subject, seconds);
    }
  }

  #meaning(error: unknown, subject: string | undefined, seconds: number): unknown {
    // The connection was ended by whoever wants to stop.
    if (this.#signal.aborted) return this.#signal.reason;
    return postgresError(error, this.name, subject, seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    const farewell = new AbortController();
    const ended = this.#client.end().catch(() => undefined);
    const tooLong = setTimeout(FAREWELL_MS, undefined, { signal: farewell.signal }).catch(() => undefined);
    await Promise.race([ended, tooLong]);
    farewell.abort();
    // Who can't be reached any more is left. The types don't know of this, which lets the process end though the socket doesn't.
    (this.#client as Client & { unref(): void }).unref();
  }
}

const asWritten = (text: string): string => text;

function nameOf({ database, host, port }: Client): string {
  return `${database ?? "postgres"} at ${host.startsWith("/") ? host : `${host}:${port}`}`;
}
