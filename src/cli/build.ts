import { isAbsolute, relative } from "node:path";

import { Command, Option } from "commander";

import { runBuild } from "../system/run-build.ts";
import type { BuildReport, BuildSurroundings } from "../system/run-build.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { BuildProgress } from "./build-progress.ts";
import { buildSummary } from "./build-summary.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { concurrencyOption, summaryOption } from "./pressing-options.ts";
import { wholeNumber } from "./whole-number.ts";

interface BuildFlags {
  readonly config: string;
  readonly route?: readonly string[];
  readonly concurrency?: number;
  readonly dryRun?: true;
  readonly force?: true;
  readonly maxDeletes?: number;
  readonly fleet?: true;
  readonly wait: boolean;
  readonly json?: true;
}

function exitCodeOf(report: BuildReport): number {
  const { result, source, staticProblems, brokenTemplates } = report;
  if (report.isInterrupted) return EXIT.interrupted;
  if (result.withheld > 0) return EXIT.refused;
  const { failedCount, collided } = result.tally;
  const wrong = failedCount + collided.size + source.problemCount + staticProblems.length + brokenTemplates.length;
  return wrong > 0 ? EXIT.failed : EXIT.done;
}

/** `rekiln build` */
export function buildCommand(): Command {
  return new Command("build")
    .description("bring every page up to the data, the templates and the config")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--route <name...>", "only these routes")
    .addOption(concurrencyOption())
    .option("--dry-run", "say what would be done, and write no page")
    .option("--force", "render everything, and replace files that rekiln didn't write")
    .option("--max-deletes <pages>", "most pages to remove (default: 5 % of all, and at least 100)", wholeNumber(0))
    .addOption(
      new Option("--fleet", "put the work on the queue for workers of any machine, and wait for them").conflicts([
        "route",
        "concurrency",
        "dryRun",
        "maxDeletes",
      ]),
    )
    .option("--no-wait", "with --fleet: end when the queue has taken it")
    .addOption(summaryOption())
    .action(async (flags: BuildFlags) => {
      if (flags.fleet === true) {
        const { printFleetBuild } = await import("./fleet-build.ts");
        await printFleetBuild({ ...flags, isForced: flags.force === true });
        return;
      }
      await printBuild(
        { config: flags.config, isDryRun: flags.dryRun === true, isJson: flags.json === true },
        async (surroundings) =>
          runBuild(
            {
              configFile: flags.config,
              routes: flags.route,
              concurrency: flags.concurrency,
              isDryRun: flags.dryRun === true,
              isForced: flags.force === true,
              maxDeletes: flags.maxDeletes,
            },
            surroundings,
          ),
      );
    });
}

/** Runs a build, shows how it goes, and prints what it did. */
export async function printBuild(
  { config, isDryRun, isJson }: { readonly config: string; readonly isDryRun: boolean; readonly isJson: boolean },
  run: (surroundings: BuildSurroundings) => Promise<BuildReport>,
): Promise<void> {
  const started = performance.now();
  const progress = new BuildProgress(process.stderr, Date.now);
  const signal = interruptSignal();
  try {
    const report = await run({ environment: siteEnvironment(config), clock: Date.now, progress, signal });
    progress.end();
    const summary = buildSummary(report, {
      seconds: (performance.now() - started) / 1000,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      isDryRun,
      storeName: isAbsolute(report.storeName) ? relative(process.cwd(), report.storeName) || "." : report.storeName,
    });
    const exitCode = exitCodeOf(report);
    process.exitCode = exitCode;
    if (isJson) process.stdout.write(`${JSON.stringify({ ...summary.data, exitCode })}\n`);
    else process.stdout.write(summary.text);
    process.stderr.write(summary.problems);
  } finally {
    progress.end();
  }
}
