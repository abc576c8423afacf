import { Command, Option } from "commander";

import type { WorkResult } from "../press/work.ts";
import { LANES } from "../queue/queue.ts";
import type { Lane } from "../queue/queue.ts";
import { runWork } from "../system/run-work.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { openMeter } from "./meter.ts";
import { wholeNumber } from "./whole-number.ts";
import { ProgressLine } from "./progress-line.ts";
import { duration, pagesASecond, SWEEP_PERIOD } from "./sweep.ts";
import { workProgress } from "./work-progress.ts";
import { workSummary } from "./work-summary.ts";

interface WorkFlags {
  readonly config: string;
  readonly untilEmpty?: true;
  readonly lane?: Lane;
  readonly concurrency?: number;
  readonly maxDeletes?: number;
  readonly watch?: true;
  readonly metricsPort?: number;
  readonly sweep?: true;
  readonly period: number;
  readonly rate?: number;
  readonly json?: true;
}

function exitCodeOf({ tally, ended }: WorkResult): number {
  if (ended === "replaced" || tally.withheld > 0) return EXIT.refused;
  return tally.errors.size + tally.discarded > 0 ? EXIT.failed : EXIT.done;
}

/** `rekiln work` */
export function workCommand(): Command {
  return new Command("work")
    .description("regenerate the pages that changes touch, as they come from the queue")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--until-empty", "end when the queue is empty")
    .addOption(new Option("--lane <lane>", "only this lane (default: both, live first)").choices([...LANES]))
    .option("--concurrency <threads>", "render threads (default: one for each processor)", wholeNumber(1))
    .option("--watch", "follow edits: of the source's files, and of templates, static files, config and code")
    .option("--sweep", "sweep beside, so that no page is ever older than a period")
    .option("--period <time>", "of the sweep", duration, duration(SWEEP_PERIOD))
    .option("--rate <pages>", "most pages a second that the sweep goes over", pagesASecond)
    .option(
      "--max-deletes <pages>",
      "most pages to remove in an hour (default: 5 % of all, and at least 100)",
      wholeNumber(0),
    )
    .option(
      "--metrics-port <number>",
      "serve metrics for Prometheus on this port of 127.0.0.1; 0 takes a free one",
      wholeNumber(0),
    )
    .option("--json", "print the summary as one JSON object")
    .action(async (flags: WorkFlags) => {
      const started = performance.now();
      const progress = new ProgressLine(process.stderr);
      const stop = interruptSignal();
      await using meter = await openMeter(flags.metricsPort, flags.config);
      if (meter.url !== undefined) progress.say(`Metrics stand at ${meter.url}`);
      try {
        const result = await runWork(
          {
            configFile: flags.config,
            lanes: flags.lane === undefined ? LANES : [flags.lane],
            untilEmpty: flags.untilEmpty === true,
            concurrency: flags.concurrency,
            maxDeletes: flags.maxDeletes,
            watches: flags.watch === true,
            sweep:
              flags.sweep === true
                ? { periodSeconds: flags.period, rate: flags.rate, isDeep: false, routes: undefined }
                : undefined,
          },
          {
            environment: siteEnvironment(flags.config),
            stop,
            metrics: meter.metrics,
            onProgress: (tally) => progress.show(workProgress(tally), performance.now()),
            warn: (message) => progress.say(message),
            onReady: (threads) => progress.say(`Working with ${threads} threads.`),
          },
        );
        progress.end();
        const summary = workSummary(result, (performance.now() - started) / 1000);
        // Told to stop, it has done what it was told.
        process.exitCode = exitCodeOf(result);
        if (flags.json === true)
          process.stdout.write(`${JSON.stringify({ ...summary.data, exitCode: process.exitCode })}\n`);
        else process.stdout.write(summary.text);
        process.stderr.write(summary.problems);
      } finally {
        progress.end();
      }
    });
}
