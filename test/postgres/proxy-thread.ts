import { createConnection, createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

import { CUT, QUERIES, ROUND_TRIPS } from "./proxy-places.ts";

export interface ProxyData {
  /** Of the server. */
  readonly port: number;
  readonly memory: Int32Array;
}

// Whoever starts it gives no other data.
const { port, memory } = workerData as ProxyData;
/** The byte that a simple query begins with. */
const QUERY = "Q".charCodeAt(0);

const server = createServer((client) => {
  const upstream = createConnection(port, "127.0.0.1");
  let swallows = false;
  let left = 0;
  const end = (): void => {
    client.destroy();
    upstream.destroy();
  };
  client.on("data", (data) => {
    // A long query comes in several pieces: only the first begins with its letter and its length.
    const isQuery = left <= 0 && data[0] === QUERY;
    left = isQuery ? data.readInt32BE(1) + 1 - data.length : left - data.length;
    if (isQuery) {
      Atomics.add(memory, ROUND_TRIPS, 1);
      // What isn't about pages is asked now and then, however many pages change.
      if (data.includes("key_id") || data.includes("subject_id")) Atomics.add(memory, QUERIES, 1);
      const cut = Atomics.exchange(memory, CUT, 0);
      if (cut === 1) {
        end();
        return;
      }
      if (cut === 2) swallows = true;
    }
    upstream.write(data);
  });
  upstream.on("data", (data) => (swallows ? end() : client.write(data)));
  for (const socket of [client, upstream]) {
    socket.on("error", end);
    socket.on("close", end);
  }
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  parentPort?.postMessage(typeof address === "object" ? address?.port : undefined);
});
