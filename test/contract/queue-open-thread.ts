import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

import { messageOf } from "../../src/core/errors.ts";
import { SqliteQueue } from "../../src/queue/sqlite-queue.ts";

/** What a thread is told: where to open queues, and the number of the one that is open to all. */
export interface OpenData {
  readonly folder: string;
  readonly turn: Int32Array;
}

// The test gives no other data.
const { folder, turn } = workerData as OpenData;
parentPort?.postMessage("ready");
for (let n = 1; ; n++) {
  Atomics.wait(turn, 0, n - 1);
  try {
    new SqliteQueue(join(folder, String(n)), { clock: Date.now, sleep: async () => undefined })[Symbol.dispose]();
    parentPort?.postMessage("opened");
  } catch (error) {
    parentPort?.postMessage(messageOf(error));
  }
}
