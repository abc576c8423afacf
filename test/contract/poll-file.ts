import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

import { isTelltaleWhole } from "./telltale-content.ts";

/** What a thread is told: the file to read, and where it counts. */
export interface PollData {
  readonly file: string;
  /** Place 0: reads · 1: torn · 2: missing · 3: whether to stop. */
  readonly counts: SharedArrayBuffer;
}

// The test gives no other data.
const { file, counts } = workerData as PollData;
const places = new Int32Array(counts);
parentPort?.postMessage("reading");
while (Atomics.load(places, 3) === 0) {
  try {
    if (!isTelltaleWhole(readFileSync(file, "utf8"))) Atomics.add(places, 1, 1);
  } catch {
    Atomics.add(places, 2, 1);
  }
  Atomics.add(places, 0, 1);
}
