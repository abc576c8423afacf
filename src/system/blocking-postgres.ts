import type { ExchangeOptions, PostgresChannel, SqlRow } from "../manifest/postgres-channel.ts";
import { BlockingThread } from "./blocking-thread.ts";
import { fromPlain } from "./plain-error.ts";
import type { PostgresAsk, PostgresReply, PostgresThreadData } from "./postgres-requests.ts";

/** Extension of this very file: threads run what this process runs. */
const ENTRY = new URL(`../../workers/postgres-thread${import.meta.url.slice(-3)}`, import.meta.url);
const TIMEOUT_SECONDS = 90;
/** The other thread gives up before: connecting, asking and saying farewell have their own limits. */
const ANSWER_GRACE_SECONDS = 60;

/** A Postgres database for a thread that has nothing else to do while it waits. Another thread talks to the server. */
export class BlockingPostgres implements PostgresChannel {
  readonly #thread: BlockingThread<PostgresThreadData, PostgresAsk, PostgresReply>;
  #name = "Postgres";
  #roundTrips = 0;

  /** @param url undefined leaves it to the environment */
  constructor(url: string | undefined) {
    this.#thread = new BlockingThread(ENTRY, { url });
  }

  get name(): string {
    return this.#name;
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  exchange(statements: readonly string[], options: ExchangeOptions = {}): readonly (readonly SqlRow[])[] {
    const { continues = false, timeoutSeconds = TIMEOUT_SECONDS } = options;
    this.#roundTrips++;
    const waitMs = (timeoutSeconds + ANSWER_GRACE_SECONDS) * 1000;
    const reply = this.#thread.ask({ statements, continues, timeoutSeconds }, waitMs, "the manifest's thread");
    this.#name = reply.name;
    if (reply.kind === "failed") throw fromPlain(reply.error);
    return reply.answers;
  }

  [Symbol.dispose](): void {
    this.#thread[Symbol.dispose]();
  }
}
