import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";

import type { ExchangeOptions, PostgresChannel, SqlRow } from "../manifest/postgres-channel.ts";
import { fromPlain } from "./plain-error.ts";
import type { PostgresAsk, PostgresReply, PostgresThreadData } from "./postgres-requests.ts";

/** Extension of this very file: threads run what this process runs. */
const ENTRY = new URL(`../../workers/postgres-thread${import.meta.url.slice(-3)}`, import.meta.url);
const TIMEOUT_SECONDS = 90;
/** The other thread gives up before: connecting, asking and saying farewell have their own limits. */
const ANSWER_GRACE_SECONDS = 60;

/** A Postgres database for a thread that has nothing else to do while it waits. Another thread talks to the server. */
export class BlockingPostgres implements PostgresChannel {
  readonly #url: string | undefined;
  readonly #ready = new Int32Array(new SharedArrayBuffer(4));
  /** Started with the first exchange. */
  #thread: { readonly worker: Worker; readonly port: MessagePort } | undefined;
  #name = "Postgres";
  #roundTrips = 0;

  /** @param url undefined leaves it to the environment */
  constructor(url: string | undefined) {
    this.#url = url;
  }

  get name(): string {
    return this.#name;
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  #start(): { readonly worker: Worker; readonly port: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    const workerData: PostgresThreadData = { url: this.#url, port: port2, ready: this.#ready };
    const worker = new Worker(ENTRY, { workerData, transferList: [port2], stdout: false });
    worker.unref();
    return { worker, port: port1 };
  }

  exchange(statements: readonly string[], options: ExchangeOptions = {}): readonly (readonly SqlRow[])[] {
    const { continues = false, timeoutSeconds = TIMEOUT_SECONDS } = options;
    this.#thread ??= this.#start();
    const { port } = this.#thread;
    Atomics.store(this.#ready, 0, 0);
    this.#roundTrips++;
    port.postMessage({ statements, continues, timeoutSeconds } satisfies PostgresAsk);
    const waitMs = (timeoutSeconds + ANSWER_GRACE_SECONDS) * 1000;
    const isAnswered = Atomics.wait(this.#ready, 0, 0, waitMs) !== "timed-out";
    // Nothing else is ever sent.
    const reply = receiveMessageOnPort(port)?.message as PostgresReply | undefined;
    if (!isAnswered || reply === undefined) {
      // A late answer would be taken for that to the next question.
      this[Symbol.dispose]();
      throw new Error("the manifest's thread didn't answer");
    }
    this.#name = reply.name;
    if (reply.kind === "failed") throw fromPlain(reply.error);
    return reply.answers;
  }

  [Symbol.dispose](): void {
    this.#thread?.port.close();
    void this.#thread?.worker.terminate();
    this.#thread = undefined;
  }
}
