import { randomUUID } from "node:crypto";
import { join } from "node:path";

import pg from "pg";
import { onTestFinished } from "vitest";

import type { EntityModel } from "../../src/core/entity.ts";
import { PostgresSource } from "../../src/source/postgres-source.ts";
import type { PostgresSourceOptions } from "../../src/source/postgres-source.ts";
import type { StartedPostgres } from "../support/started-postgres.ts";

/** A schema of its own on the server, gone when the test ends. */
export class TestDatabase {
  /** Over TCP, with a password. */
  readonly url: string;
  readonly #localUrl: string;
  readonly #schema: string;
  #client: pg.Client | undefined;

  constructor(server: StartedPostgres) {
    this.#schema = `t${randomUUID().replaceAll("-", "")}`;
    const options = `-csearch_path%3D${this.#schema}`;
    this.url = server.url(`?options=${options}`);
    this.#localUrl = server.localUrl(options);
    onTestFinished(async () => {
      await this.run(`DROP SCHEMA IF EXISTS ${this.#schema} CASCADE`);
      await this.#client?.end();
    });
  }

  /** Several statements, in one transaction unless they say otherwise. */
  async run(sql: string): Promise<void> {
    await (await this.#connected()).query(sql);
  }

  async rows(sql: string, values: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    // The test knows its columns.
    return (await (await this.#connected()).query<Record<string, unknown>>(sql, [...values])).rows;
  }

  /** Another connection, for transactions that go on beside. */
  async beside(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#localUrl });
    client.on("error", () => undefined);
    await client.connect();
    onTestFinished(async () => client.end().catch(() => undefined));
    return client;
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client({ connectionString: this.#localUrl });
    // The server is stopped by tests; the next one connects anew.
    client.on("error", () => (this.#client = undefined));
    await client.connect();
    this.#client = client;
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${this.#schema}`);
    return client;
  }

  options(
    folder: string,
    models: ReadonlyMap<string, EntityModel>,
    queries: PostgresSourceOptions["queries"],
  ): PostgresSourceOptions {
    return {
      address: { url: this.#localUrl, timeoutSeconds: 20 },
      mirror: join(folder, "entities.db"),
      models,
      queries,
      fingerprint: JSON.stringify([...models.values()].map(({ index }) => index)),
      firstVersion: 0,
    };
  }
}

/** A source that is closed when the test ends. */
export function openSource(options: PostgresSourceOptions): PostgresSource {
  const source = new PostgresSource(options);
  onTestFinished(() => {
    try {
      source[Symbol.dispose]();
    } catch {
      // The test has closed it already.
    }
  });
  return source;
}
