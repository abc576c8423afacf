import { workerData } from "node:worker_threads";

import { PostgresSession } from "../source/postgres-session.ts";
import { answerAsks } from "./blocking-thread.ts";
import type { AnsweringData } from "./blocking-thread.ts";
import { toPlain } from "./plain-error.ts";
import type { PlainError } from "./plain-error.ts";
import { manifestError } from "./manifest-error.ts";
import type { PostgresAsk, PostgresReply, PostgresThreadData } from "./postgres-requests.ts";

/** So long a connection may take to be made, and its password to be checked. */
const OWN_TIMEOUT_SECONDS = 30;

/** The life of a thread that asks a Postgres database for one that waits, one exchange after the other, until it is ended. */
export async function runPostgresThread(): Promise<void> {
  // Whoever starts it gives no other data.
  const started = workerData as AnsweringData<PostgresThreadData>;
  const connection = new Connection(started.data.url);
  await answerAsks(started, async (ask: PostgresAsk) => answer(connection, ask));
}

async function answer(connection: Connection, ask: PostgresAsk): Promise<PostgresReply> {
  try {
    return { kind: "done", name: connection.name, answers: await connection.exchange(ask) };
  } catch (error) {
    return { kind: "failed", name: connection.name, error: plainOf(error, connection.name, ask) };
  }
}

function plainOf(error: unknown, name: string, ask: PostgresAsk): PlainError {
  return toPlain(manifestError(error, name, ask));
}

/** The connection there is, or the next one: after an error it isn't known what state the last one is in. */
class Connection {
  name = "Postgres";
  readonly #url: string | undefined;
  #session: PostgresSession | undefined;

  constructor(url: string | undefined) {
    this.#url = url;
  }

  async exchange({ statements, continues, timeoutSeconds }: PostgresAsk): Promise<readonly (readonly Row[])[]> {
    const session = this.#session ?? (continues ? undefined : await this.#connect());
    if (session === undefined) throw new Error("the connection was lost within a transaction");
    try {
      return await session.exchange(statements.join(";\n"), timeoutSeconds);
    } catch (error) {
      this.#session = undefined;
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #connect(): Promise<PostgresSession> {
    const address = { url: this.#url, timeoutSeconds: OWN_TIMEOUT_SECONDS };
    this.#session = await PostgresSession.connect(address, new AbortController().signal);
    this.name = this.#session.name;
    return this.#session;
  }
}

type Row = Readonly<Record<string, string | null>>;
