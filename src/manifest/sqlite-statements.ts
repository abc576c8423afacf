import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** A row by the names of its columns. */
export type Row = Record<string, unknown>;

/** The statements of a database: each is prepared once. */
export class SqliteStatements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  of(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.of(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.of(sql).all(...values);
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.of(sql).run(...values);
  }
}
