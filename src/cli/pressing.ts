import { InvalidArgumentError, Option } from "commander";

import { parseDuration } from "../core/duration.ts";
import type { WorkMetrics } from "../press/work-metrics.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { openMeter } from "./meter.ts";
import { ProgressLine } from "./progress-line.ts";
import { wholeNumber } from "./whole-number.ts";

const SWEEP_PERIOD = "7d";

/** Flags of commands that press pages until they are told to stop. */
export interface PressingFlags {
  readonly config: string;
  readonly period: number;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly maxDeletes?: number;
  readonly metricsPort?: number;
  readonly json?: true;
}

export function concurrencyOption(): Option {
  return new Option("--concurrency <threads>", "render threads (default: one for each processor)").argParser(
    wholeNumber(1),
  );
}

export function hourlyDeletesOption(): Option {
  return new Option(
    "--max-deletes <pages>",
    "most pages to remove in an hour (default: 5 % of all, and at least 100)",
  ).argParser(wholeNumber(0));
}

export function metricsPortOption(): Option {
  return new Option(
    "--metrics-port <number>",
    "serve metrics for Prometheus on this port of 127.0.0.1; 0 takes a free one",
  ).argParser(wholeNumber(0));
}

export function summaryOption(): Option {
  return new Option("--json", "print the summary as one JSON object");
}

export function periodOption(description: string): Option {
  return new Option("--period <time>", description).argParser(duration).default(duration(SWEEP_PERIOD));
}

export function rateOption(description: string): Option {
  return new Option("--rate <pages>", description).argParser(pagesASecond);
}

/** Reads `7d`, `12h`, `30min`. */
function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 60) return seconds;
  throw new InvalidArgumentError("It is a length of time from a minute on: 7d, 12h, 30min.");
}

/** Reads pages a second. */
function pagesASecond(text: string): number {
  const rate = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && rate > 0) return rate;
  throw new InvalidArgumentError("It is a number of pages a second above 0.");
}

/** What a command that presses pages is run with, whatever it presses. */
export interface PressingRun {
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly stop: AbortSignal;
  readonly metrics: WorkMetrics;
  readonly warn: (message: string) => void;
  readonly show: (progress: string) => void;
}

/** What a run comes to, for people and for machines. */
export interface PressingOutcome {
  readonly summary: { readonly data: object; readonly text: string; readonly problems: string };
  readonly exitCode: number;
}

/** Runs a command that presses pages, with progress, metrics and a clean end, and prints what it came to. */
export async function printPressing<T>(
  flags: PressingFlags,
  run: (surroundings: PressingRun) => Promise<T>,
  outcomeOf: (result: T, seconds: number) => PressingOutcome,
): Promise<void> {
  const started = performance.now();
  const progress = new ProgressLine(process.stderr);
  const stop = interruptSignal();
  await using meter = await openMeter(flags.metricsPort, flags.config);
  if (meter.url !== undefined) progress.say(`Metrics stand at ${meter.url}`);
  try {
    const result = await run({
      environment: siteEnvironment(flags.config),
      stop,
      metrics: meter.metrics,
      warn: (message) => progress.say(message),
      show: (text) => progress.show(text, performance.now()),
    });
    progress.end();
    const { summary, exitCode } = outcomeOf(result, (performance.now() - started) / 1000);
    process.exitCode = exitCode;
    process.stdout.write(flags.json === true ? `${JSON.stringify({ ...summary.data, exitCode })}\n` : summary.text);
    process.stderr.write(summary.problems);
  } finally {
    progress.end();
  }
}
