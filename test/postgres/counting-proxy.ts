import { once } from "node:events";
import { Worker } from "node:worker_threads";

import type { StartedPostgres } from "../support/started-postgres.ts";
import { CUT, QUERIES, ROUND_TRIPS } from "./proxy-places.ts";
import type { ProxyData } from "./proxy-thread.ts";

const THREAD = new URL("./proxy-thread.ts", import.meta.url.split("?")[0]);

/** Where the connection breaks: before the next question reaches the server, or before its answer comes back. */
export type Cut = "question" | "answer";

/** Between clients and the server, in a thread of its own: counts what is asked, and breaks connections. */
export class CountingProxy implements AsyncDisposable {
  readonly #memory: Int32Array;
  readonly #port: number;
  readonly #server: StartedPostgres;
  readonly #thread: Worker;

  private constructor(server: StartedPostgres, thread: Worker, memory: Int32Array, port: number) {
    this.#server = server;
    this.#thread = thread;
    this.#memory = memory;
    this.#port = port;
  }

  static async start(server: StartedPostgres): Promise<CountingProxy> {
    const memory = new Int32Array(new SharedArrayBuffer(12));
    const workerData: ProxyData = { port: server.port, memory };
    const thread = new Worker(THREAD, { workerData });
    const [port] = (await once(thread, "message")) as [number];
    return new CountingProxy(server, thread, memory, port);
  }

  /** The address of the server's database by way of here. */
  get url(): string {
    return this.#server.url().replace(`:${this.#server.port}/`, `:${this.#port}/`);
  }

  /** Round trips about pages, of all connections. */
  get queries(): number {
    return Atomics.load(this.#memory, QUERIES);
  }

  /** All round trips, those about pages among them. */
  get roundTrips(): number {
    return Atomics.load(this.#memory, ROUND_TRIPS);
  }

  /** Breaks the connection with the next query. */
  cut(where: Cut): void {
    Atomics.store(this.#memory, CUT, where === "question" ? 1 : 2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}
