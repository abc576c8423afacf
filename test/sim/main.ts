import { parseArgs } from "node:util";

import { Counts } from "./counts.ts";
import { hunt } from "./hunt.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    bugs: { type: "string" },
    skip: { type: "string", default: "0" },
    seconds: { type: "string", default: "1000" },
  },
});

async function runOne(seed: number): Promise<void> {
  const { lines, violation, traceDigest, steps } = await simulate(seed, { keepsTrace: true });
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.stdout.write(`${steps} steps, trace ${traceDigest}\n${violation ?? "no violation"}\n`);
  if (violation !== undefined) process.exitCode = 1;
}

/** Seeds between two lines of progress. */
const PROGRESS_SEEDS = 5000;

async function runMany(from: number, seeds: number): Promise<void> {
  const counts = new Counts();
  const started = process.cpuUsage();
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  let steps = 0;
  let done = 0;
  for (; done < seeds && !stop.signal.aborted; done++) {
    const seed = from + done;
    if (done > 0 && done % PROGRESS_SEEDS === 0) process.stderr.write(`${done} of ${seeds} seeds\n`);
    const result = await simulate(seed);
    counts.merge(result.counts);
    steps += result.steps;
    if (result.violation === undefined) continue;
    process.stdout.write(`seed ${seed}: ${result.violation}\n`);
    process.exitCode = 1;
  }
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1e6;
  process.stdout.write(counts.text());
  process.stdout.write(
    `${done} seeds in ${seconds.toFixed(1)} s of a processor, ${(done / seconds).toFixed(0)} a second, ${steps} steps\n`,
  );
  if (!stop.signal.aborted) return;
  process.stdout.write(`go on with --from ${from + done}\n`);
  process.exitCode ??= 130;
}

async function huntAll(from: number, seeds: number, only: string | undefined): Promise<void> {
  const deadline = performance.now() + 1000 * Number(values.seconds);
  for (const [place, [name, bug]] of Object.entries(PLANTED_BUGS).entries()) {
    if (place < Number(values.skip)) continue;
    if (performance.now() > deadline) {
      process.stdout.write(`go on with --skip ${place}\n`);
      return;
    }
    if (only !== undefined && !name.includes(only)) continue;
    const { seed, violation } = await hunt(name, bug, from, seeds);
    process.stdout.write(
      `${seed === undefined ? "not found" : `seed ${seed}`}: ${name}\n    ${violation?.split("\n")[0]?.slice(0, 160) ?? ""}\n`,
    );
    if (seed === undefined) process.exitCode = 1;
  }
}

if (values.bugs !== undefined)
  await huntAll(Number(values.from), Number(values.seeds), values.bugs === "all" ? undefined : values.bugs);
else if (values.seed === undefined) await runMany(Number(values.from), Number(values.seeds));
else await runOne(Number(values.seed));
