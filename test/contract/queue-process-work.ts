/**
 * What another process does with a queue; each line that it prints is JSON. It goes on where the queue is busy: a process that was
 * stopped for a minute may hold it.
 *
 *   send FOLDER PREFIX COUNT BATCH   sends `PREFIX0`, `PREFIX1`, … and prints the bodies of each batch once they are sent
 *   drain FOLDER                     receives, prints the bodies, acks; ends when its input has ended and nothing is left
 *   hold FOLDER                      receives what there is, prints the bodies, and never ends
 */
import { setTimeout } from "node:timers/promises";

import { RekilnError } from "../../src/core/errors.ts";
import type { OutgoingMessage, Sleep } from "../../src/queue/queue.ts";
import { SqliteQueue } from "../../src/queue/sqlite-queue.ts";

const HOUR = 3600;
const sleep: Sleep = (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined);
const say = (bodies: readonly string[]): void => void process.stdout.write(`${JSON.stringify(bodies)}\n`);

const [work, folder = "", prefix = "", count = "0", batch = "1"] = process.argv.slice(2);
const queue = await patiently(async () => new SqliteQueue(folder, { clock: Date.now, sleep }));

async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RekilnError) || error.disposition !== "retry") throw error;
    }
  }
}

async function sendAll(): Promise<void> {
  const bodies = Array.from({ length: Number(count) }, (_, n): OutgoingMessage => ({ body: `${prefix}${n}` }));
  for (let start = 0; start < bodies.length; start += Number(batch)) {
    let left = bodies.slice(start, start + Number(batch));
    while (left.length > 0) {
      const results = await queue.send("live", left);
      say(left.filter((_, n) => results[n]?.kind === "sent").map(({ body }) => body));
      left = left.filter((_, n) => results[n]?.kind !== "sent");
    }
  }
}

async function drain(): Promise<void> {
  let hasEnded = false;
  process.stdin.once("end", () => (hasEnded = true)).resume();
  for (;;) {
    const isLast = hasEnded;
    const options = { max: 7, visibilitySeconds: HOUR, waitMs: isLast ? 0 : 100 };
    const received = await patiently(() => queue.receive("live", options));
    if (received.length === 0 && isLast) return;
    say(received.map(({ body }) => body));
    for (let left = received; left.length > 0;) {
      const results = await queue.ack(left);
      left = left.filter((_, n) => results[n]?.kind === "failed");
    }
  }
}

async function hold(): Promise<void> {
  const received = await patiently(() => queue.receive("live", { max: 100, visibilitySeconds: HOUR, waitMs: 60_000 }));
  say(received.map(({ body }) => body));
  await setTimeout(HOUR * 1000);
}

if (work === "send") await sendAll();
else if (work === "drain") await drain();
else await hold();
queue[Symbol.dispose]();
