import { Command, Option } from "commander";

import { LANES } from "../queue/queue.ts";
import type { Lane } from "../queue/queue.ts";
import { runWork } from "../system/run-work.ts";
import type { RunWorkResult } from "../system/work-session.ts";
import { EXIT } from "./exit.ts";
import {
  concurrencyOption,
  hourlyDeletesOption,
  metricsPortOption,
  periodOption,
  rateOption,
  summaryOption,
} from "./pressing-options.ts";
import { printPressing } from "./pressing.ts";
import type { PressingFlags } from "./pressing.ts";
import { workProgress } from "./work-progress.ts";
import { workSummary } from "./work-summary.ts";

interface WorkFlags extends PressingFlags {
  readonly untilEmpty?: true;
  readonly lane?: Lane;
  readonly watch?: true;
  readonly sweep?: true;
}

function exitCodeOf({ tally, ended, isBehind }: RunWorkResult): number {
  // One that was told to stop has done what it could; one that says that nothing is left must know.
  const isUnsure = isBehind && ended === "empty";
  if (ended === "replaced" || tally.withheld > 0 || isUnsure) return EXIT.refused;
  return tally.errors.size + tally.discarded > 0 ? EXIT.failed : EXIT.done;
}

/** `rekiln work` */
export function workCommand(): Command {
  return new Command("work")
    .description("regenerate the pages that changes touch, as they come from the queue")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--until-empty", "end when the queue is empty")
    .addOption(new Option("--lane <lane>", "only this lane (default: both, live first)").choices([...LANES]))
    .addOption(concurrencyOption())
    .option("--watch", "follow edits: of the source's files, and of templates, static files, config and code")
    .option("--sweep", "sweep beside, so that no page is ever older than a period")
    .addOption(periodOption("of the sweep"))
    .addOption(rateOption("most pages a second that the sweep goes over"))
    .addOption(hourlyDeletesOption())
    .addOption(metricsPortOption())
    .addOption(summaryOption())
    .action(async (flags: WorkFlags) => {
      const sweep = { periodSeconds: flags.period, rate: flags.rate, isDeep: false, routes: undefined };
      const options = {
        configFile: flags.config,
        lanes: flags.lane === undefined ? LANES : [flags.lane],
        untilEmpty: flags.untilEmpty === true,
        concurrency: flags.concurrency,
        maxDeletes: flags.maxDeletes,
        watches: flags.watch === true,
        sweep: flags.sweep === true ? sweep : undefined,
      };
      await printPressing(
        flags,
        async ({ show, ...surroundings }) =>
          runWork(options, {
            ...surroundings,
            onProgress: (tally) => show(workProgress(tally)),
            onReady: (threads) => surroundings.warn(`Working with ${threads} threads.`),
          }),
        // Told to stop, it has done what it was told.
        (result, seconds) => ({ summary: workSummary(result, seconds), exitCode: exitCodeOf(result) }),
      );
    });
}
