import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { onTestFinished } from "vitest";

import type { StartedPostgres } from "../support/started-postgres.ts";
import { CUT, QUERIES } from "./proxy-places.ts";
import type { ProxyData } from "./proxy-thread.ts";

const THREAD = new URL("./proxy-thread.ts", import.meta.url.split("?")[0]);

/** Where the connection breaks: before the next question reaches the server, or before its answer comes back. */
export type Cut = "question" | "answer";

/** Between clients and the server, in a thread of its own: counts what is asked about pages, and breaks connections. Ends with the test. */
export class CountingProxy {
  readonly #memory: Int32Array;
  readonly #port: number;
  readonly #server: StartedPostgres;

  private constructor(server: StartedPostgres, memory: Int32Array, port: number) {
    this.#server = server;
    this.#memory = memory;
    this.#port = port;
  }

  static async start(server: StartedPostgres): Promise<CountingProxy> {
    const memory = new Int32Array(new SharedArrayBuffer(8));
    const workerData: ProxyData = { port: server.port, memory };
    const worker = new Worker(THREAD, { workerData });
    const [port] = (await once(worker, "message")) as [number];
    onTestFinished(async () => void (await worker.terminate()));
    return new CountingProxy(server, memory, port);
  }

  /** The address of the server's database by way of here. */
  get url(): string {
    return this.#server.url().replace(`:${this.#server.port}/`, `:${this.#port}/`);
  }

  /** Round trips about pages, of all connections. */
  get queries(): number {
    return Atomics.load(this.#memory, QUERIES);
  }

  /** Breaks the connection with the next query. */
  cut(where: Cut): void {
    Atomics.store(this.#memory, CUT, where === "question" ? 1 : 2);
  }
}
