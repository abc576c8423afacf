/** A row as Postgres writes it, nothing parsed. */
export type SqlRow = Readonly<Record<string, string | null>>;

export interface ExchangeOptions {
  /** Of a transaction that was begun: another connection than the one that began it won't do. */
  readonly continues?: boolean;
  /** How long all of it may take; 90 where nothing is said. */
  readonly timeoutSeconds?: number;
}

/** A connection to a Postgres database, for a thread that has nothing else to do while it waits. */
export interface PostgresChannel extends Disposable {
  /** The database, as people write it. */
  readonly name: string;
  /** How often the server was asked. */
  readonly roundTrips: number;
  /**
   * Runs statements one after the other in one round trip; the first that fails ends it. After an error nothing is left of an open
   * transaction, and the next exchange connects anew. What an exchange with `COMMIT` has come to is unknown then.
   *
   * @returns the rows of each statement
   * @throws RekilnError `manifest-unreachable` where trying again may help, `manifest-refused` where it doesn't
   */
  exchange(statements: readonly string[], options?: ExchangeOptions): readonly (readonly SqlRow[])[];
}
