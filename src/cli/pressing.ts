import type { WorkMetrics } from "../press/work-metrics.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { openMeter } from "./meter.ts";
import { ProgressLine } from "./progress-line.ts";

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
