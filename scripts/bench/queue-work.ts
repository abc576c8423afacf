/**
 * What a process of the part `queue` does. What it measures is printed as one line of JSON.
 *
 *   throughput FOLDER COUNT BATCH   sends, receives and acks so many messages in batches: `{ seconds }`
 *   wait FOLDER COUNT               receives so many messages one by one, each sent as its time in nanoseconds:
 *                                   `{ latenciesMs, idleCpu }`. Before that it waits for 5 s with nothing to receive.
 */
import { setTimeout } from "node:timers/promises";

import type { OutgoingMessage, Sleep } from "../../src/queue/queue.ts";
import { SqliteQueue } from "../../src/queue/sqlite-queue.ts";

const WARM_MS = 1000;
const IDLE_MS = 4000;
const VISIBILITY_SECONDS = 60;

const sleep: Sleep = (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined);
const [work, folder = "", count = "0", batch = "1"] = process.argv.slice(2);
using queue = new SqliteQueue(folder, { clock: Date.now, sleep });
const say = (measured: unknown): void => void process.stdout.write(`${JSON.stringify(measured)}\n`);

/** About what a change event looks like. */
function event(n: number): OutgoingMessage {
  const before = { genres: ["drama", "comedy"], director: "d77", year: "1979", rating: 8.5 };
  const change = { entity: `film:${n}`, version: 100_000 + n, fields: ["title", "rating"], before };
  return { body: JSON.stringify({ format: 1, change }) };
}

async function throughput(messages: number, batch: number): Promise<void> {
  const started = performance.now();
  for (let start = 0; start < messages; start += batch) {
    const sent = await queue.send(
      "live",
      Array.from({ length: batch }, (_, n) => event(start + n)),
    );
    const received = await queue.receive("live", { max: batch, visibilitySeconds: VISIBILITY_SECONDS });
    const acked = await queue.ack(received);
    const failure = [...sent, ...acked].find(({ kind }) => kind === "failed" || kind === "stale");
    if (failure !== undefined) throw new Error(JSON.stringify(failure));
  }
  say({ seconds: (performance.now() - started) / 1000 });
}

async function wait(messages: number): Promise<void> {
  const options = { max: 1, visibilitySeconds: VISIBILITY_SECONDS };
  // Until the code is warm.
  await queue.receive("live", { ...options, waitMs: WARM_MS });
  const before = process.cpuUsage();
  await queue.receive("live", { ...options, waitMs: IDLE_MS });
  const { user, system } = process.cpuUsage(before);
  say("ready");
  const latenciesMs: number[] = [];
  while (latenciesMs.length < messages) {
    const [received] = await queue.receive("live", { ...options, waitMs: 20_000 });
    if (received === undefined) throw new Error("nothing came");
    latenciesMs.push(Number(process.hrtime.bigint() - BigInt(received.body)) / 1e6);
    await queue.ack([received]);
  }
  say({ latenciesMs, idleCpu: (user + system) / 1000 / IDLE_MS });
}

if (work === "throughput") await throughput(Number(count), Number(batch));
else await wait(Number(count));
