import type { SqlRow } from "../manifest/postgres-channel.ts";
import type { PlainError } from "./plain-error.ts";

export interface PostgresThreadData {
  /** Undefined leaves it to the environment. */
  readonly url: string | undefined;
}

/** What a thread that waits asks the one that talks to the database. */
export interface PostgresAsk {
  readonly statements: readonly string[];
  /** Only over the connection that there was. */
  readonly continues: boolean;
  readonly timeoutSeconds: number;
}

export type PostgresReply =
  | { readonly kind: "done"; readonly name: string; readonly answers: readonly (readonly SqlRow[])[] }
  | { readonly kind: "failed"; readonly name: string; readonly error: PlainError };
