import { Command, InvalidArgumentError } from "commander";

import { parseDuration } from "../core/duration.ts";
import type { SweepResult } from "../press/sweep-context.ts";
import type { SweepTally } from "../press/sweep-tally.ts";
import { runSweep } from "../system/run-sweep.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { openMeter } from "./meter.ts";
import { ProgressLine } from "./progress-line.ts";
import { sweepSummary } from "./sweep-summary.ts";
import { wholeNumber } from "./whole-number.ts";
import { siteEnvironment } from "../system/site-environment.ts";

interface SweepFlags {
  readonly config: string;
  readonly period: number;
  readonly rate?: number;
  readonly once?: true;
  readonly deep?: true;
  readonly route?: readonly string[];
  readonly maxDrift?: MaxDrift;
  readonly maxDeletes?: number;
  readonly concurrency?: number;
  readonly metricsPort?: number;
  readonly json?: true;
}

/** Most pages that may have drifted: so many, or this share of those that were swept. */
type MaxDrift = { readonly pages: number } | { readonly share: number };

export const SWEEP_PERIOD = "7d";

/** Reads `7d`, `12h`, `30min`. */
export function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 60) return seconds;
  throw new InvalidArgumentError("It is a length of time from a minute on: 7d, 12h, 30min.");
}

/** Reads pages a second. */
export function pagesASecond(text: string): number {
  const rate = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && rate > 0) return rate;
  throw new InvalidArgumentError("It is a number of pages a second above 0.");
}

function maxDrift(text: string): MaxDrift {
  const [, amount, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError("It is a number of pages, or a share of them: 10, 0.1%.");
  return percent === "%" ? { share: Number(amount) / 100 } : { pages: Math.floor(Number(amount)) };
}

function hasDrifted(tally: SweepTally, most: MaxDrift | undefined): boolean {
  if (most === undefined) return false;
  return tally.driftCount > ("pages" in most ? most.pages : most.share * tally.swept);
}

function exitCodeOf({ tally, ended }: SweepResult, most: MaxDrift | undefined): number {
  if (ended === "replaced" || tally.pages.withheld > 0) return EXIT.refused;
  return tally.failed.size > 0 || hasDrifted(tally, most) ? EXIT.failed : EXIT.done;
}

/** `rekiln sweep` */
export function sweepCommand(): Command {
  return new Command("sweep")
    .description("verify every page once in a period, whatever became of events, and mend what differs")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option(
      "--period <time>",
      "in which each page is verified, if its route says nothing else",
      duration,
      duration(SWEEP_PERIOD),
    )
    .option("--rate <pages>", "most pages a second (default: as many as the period needs)", pagesASecond)
    .option("--once", "go over everything once, at once, and end; one that was killed is gone on with")
    .option("--deep", "render also what is proven to be unchanged by the source's own versions")
    .option("--route <name...>", "only these routes")
    .option("--max-drift <pages>", "fail when more pages differed though no event was pending: 10, or 0.1%", maxDrift)
    .option(
      "--max-deletes <pages>",
      "most pages to remove in an hour (default: 5 % of all, and at least 100)",
      wholeNumber(0),
    )
    .option("--concurrency <threads>", "render threads (default: one for each processor)", wholeNumber(1))
    .option(
      "--metrics-port <number>",
      "serve metrics for Prometheus on this port of 127.0.0.1; 0 takes a free one",
      wholeNumber(0),
    )
    .option("--json", "print the summary as one JSON object")
    .action(async (flags: SweepFlags) => {
      const started = performance.now();
      const progress = new ProgressLine(process.stderr);
      const stop = interruptSignal();
      await using meter = await openMeter(flags.metricsPort, flags.config);
      if (meter.url !== undefined) progress.say(`Metrics stand at ${meter.url}`);
      try {
        const result = await runSweep(
          {
            configFile: flags.config,
            periodSeconds: flags.period,
            rate: flags.rate,
            once: flags.once === true,
            isDeep: flags.deep === true,
            routes: flags.route === undefined ? undefined : new Set(flags.route),
            maxDeletes: flags.maxDeletes,
            concurrency: flags.concurrency,
          },
          {
            environment: siteEnvironment(flags.config),
            stop,
            metrics: meter.metrics,
            onProgress: ({ swept, driftCount, pages }) =>
              progress.show(
                `${count(swept)} pages swept, ${count(pages.written)} written, ${count(driftCount)} drifted`,
                performance.now(),
              ),
            warn: (message) => progress.say(message),
            onReady: (threads) => progress.say(`Sweeping with ${threads} threads.`),
          },
        );
        progress.end();
        const most = flags.maxDrift;
        const summary = sweepSummary(result, (performance.now() - started) / 1000, hasDrifted(result.tally, most));
        process.exitCode = exitCodeOf(result, most);
        if (flags.json === true)
          process.stdout.write(`${JSON.stringify({ ...summary.data, exitCode: process.exitCode })}\n`);
        else process.stdout.write(summary.text);
        process.stderr.write(summary.problems);
      } finally {
        progress.end();
      }
    });
}
