import { Command, InvalidArgumentError } from "commander";

import type { SweepResult } from "../press/sweep-context.ts";
import type { SweepTally } from "../press/sweep-tally.ts";
import { runSweep } from "../system/run-sweep.ts";
import { count } from "./count.ts";
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
import { sweepSummary } from "./sweep-summary.ts";

interface SweepFlags extends PressingFlags {
  readonly once?: true;
  readonly deep?: true;
  readonly route?: readonly string[];
  readonly maxDrift?: MaxDrift;
}

/** Most pages that may have drifted: so many, or this share of those that were swept. */
type MaxDrift = { readonly pages: number } | { readonly share: number };

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
    .addOption(periodOption("in which each page is verified, if its route says nothing else"))
    .addOption(rateOption("most pages a second (default: as many as the period needs)"))
    .option("--once", "go over everything once, at once, and end; one that was killed is gone on with")
    .option("--deep", "render also what is proven to be unchanged by the source's own versions")
    .option("--route <name...>", "only these routes")
    .option("--max-drift <pages>", "fail when more pages differed though no event was pending: 10, or 0.1%", maxDrift)
    .addOption(hourlyDeletesOption())
    .addOption(concurrencyOption())
    .addOption(metricsPortOption())
    .addOption(summaryOption())
    .action(async (flags: SweepFlags) => {
      const options = {
        configFile: flags.config,
        periodSeconds: flags.period,
        rate: flags.rate,
        once: flags.once === true,
        isDeep: flags.deep === true,
        routes: flags.route === undefined ? undefined : new Set(flags.route),
        maxDeletes: flags.maxDeletes,
        concurrency: flags.concurrency,
      };
      await printPressing(
        flags,
        async ({ show, ...surroundings }) =>
          runSweep(options, {
            ...surroundings,
            onProgress: ({ swept, driftCount, pages }) =>
              show(`${count(swept)} pages swept, ${count(pages.written)} written, ${count(driftCount)} drifted`),
            onReady: (threads) => surroundings.warn(`Sweeping with ${threads} threads.`),
          }),
        (result, seconds) => ({
          summary: sweepSummary(result, seconds, hasDrifted(result.tally, flags.maxDrift)),
          exitCode: exitCodeOf(result, flags.maxDrift),
        }),
      );
    });
}
