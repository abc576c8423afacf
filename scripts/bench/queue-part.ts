import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { SqliteQueue } from "../../src/queue/sqlite-queue.ts";
import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { measuredRun } from "./measured-run.ts";
import type { MeasuredRun } from "./measured-run.ts";
import { median } from "./median.ts";
import { othersFigure } from "./others-figure.ts";
import { settleDisk } from "./settle-disk.ts";

const WORK = fileURLToPath(new URL("./queue-work.ts", import.meta.url));
const GOAL_PER_SECOND = 20_000;
/** How many messages each process has go through, and how many at a time: ten is what SQS takes at once. */
const LOADS = [
  { batch: 100, messages: 50_000, goal: { atLeast: GOAL_PER_SECOND } },
  { batch: 10, messages: 10_000, goal: undefined },
];
const LATENCY_MESSAGES = 60;
/** Long enough for whoever waits to look as rarely as it ever does; odd, so that it doesn't beat with its looks. */
const LATENCY_PAUSE_MS = 97;

/** Messages through send, receive and ack by one and by two processes; how soon a message comes, and what waiting costs. */
export const queuePart: BenchPart = async ({ folder, rounds, pages, say }) => {
  const runs: MeasuredRun[] = [];
  const figures = [];
  for (const processes of [1, 2]) {
    for (const { batch, messages: all, goal } of LOADS) {
      const messages = Math.min(all, pages ?? all);
      const rates: number[] = [];
      for (let round = 1; round <= rounds; round++) {
        settleDisk();
        const work = ["throughput", join(folder, `${processes}-${batch}-${round}`), String(messages), String(batch)];
        const measured = await Promise.all(Array.from({ length: processes }, () => queueWork(work, folder)));
        runs.push(...(processes === 1 ? measured.map(({ run }) => run) : []));
        rates.push((processes * messages) / Math.max(...measured.map(({ seconds }) => seconds)));
      }
      const name = `queue.rate.${processes === 1 ? "one" : "two"}.by${batch}`;
      say(
        `${processes} at work in batches of ${batch}: ${rates.map((rate) => Math.round(rate)).join(", ")} messages/s`,
      );
      figures.push(figure(name, median(rates), "messages/s", goal));
    }
  }
  const { latenciesMs, idleCpu } = await measureWait(join(folder, "wait"));
  const sorted = latenciesMs.toSorted((left, right) => left - right);
  return [
    ...figures,
    figure("queue.latency.median", median(sorted), "ms", { atMost: 10 }),
    figure("queue.latency.p90", sorted[Math.floor(sorted.length * 0.9)] ?? NaN, "ms"),
    figure("queue.idle.cpu", idleCpu * 100, "% of a processor"),
    othersFigure("queue", runs),
  ];
};

async function queueWork(work: readonly string[], cwd: string): Promise<{ run: MeasuredRun; seconds: number }> {
  const run = await measuredRun(process.execPath, [WORK, ...work], cwd);
  if (run.exitCode !== 0) throw new Error(`queue-work ended with ${run.exitCode}:\n${run.stderr.slice(-4000)}`);
  const { seconds } = JSON.parse(run.stdout) as { readonly seconds: number };
  return { run, seconds };
}

/** Sends to a process that waits. */
async function measureWait(folder: string): Promise<{ latenciesMs: readonly number[]; idleCpu: number }> {
  const sleep = (ms: number): Promise<void> => setTimeout(ms);
  using queue = new SqliteQueue(folder, { clock: Date.now, sleep });
  const child = spawn(process.execPath, [WORK, "wait", folder, String(LATENCY_MESSAGES)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "close");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  try {
    await lines.next();
    for (let n = 0; n < LATENCY_MESSAGES; n++) {
      await setTimeout(LATENCY_PAUSE_MS);
      await queue.send("live", [{ body: String(process.hrtime.bigint()) }]);
    }
    const line: unknown = (await lines.next()).value;
    await exited;
    return JSON.parse(String(line)) as { latenciesMs: readonly number[]; idleCpu: number };
  } finally {
    child.kill();
  }
}
