import { Command } from "commander";

import { runPrune } from "../system/run-prune.ts";
import type { PruneReport } from "../system/run-prune.ts";
import { printable } from "./build-summary.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { wholeNumber } from "./whole-number.ts";
import { siteEnvironment } from "../system/site-environment.ts";

const SHOWN_MAX = 20;

interface PruneFlags {
  readonly config: string;
  readonly maxDeletes?: number;
  readonly dryRun?: true;
  readonly json?: true;
}

function textOf({ plan, pages, orphans, tombstones, failed, cost }: PruneReport, isDryRun: boolean): string {
  const all = plan.pages.length + plan.orphans.length;
  const lines: string[] = [];
  if (isDryRun || plan.isWithheld) {
    const named = [...plan.pages, ...plan.orphans];
    lines.push(...named.slice(0, SHOWN_MAX));
    if (named.length > SHOWN_MAX) lines.push(`and ${count(named.length - SHOWN_MAX)} more`);
  }
  if (plan.isWithheld) {
    lines.push(
      `${count(all)} removals are more than ${count(plan.maxDeletes)}: nothing was removed. rekiln prune --max-deletes ${all} does them.`,
    );
  } else if (isDryRun) {
    lines.push(
      `Would remove ${count(plan.pages.length)} pages, ${count(plan.orphans.length)} orphans and ${count(plan.tombstones)} tombstones.`,
    );
  } else {
    lines.push(`Removed ${count(pages)} pages, ${count(orphans)} orphans and ${count(tombstones)} tombstones.`);
  }
  return `${[...lines, ...failed, runCostText(cost)].map(printable).join("\n")}\n`;
}

/** `rekiln prune` */
export function pruneCommand(): Command {
  return new Command("prune")
    .description("remove pages whose entities are gone, withheld ones too, orphans, and tombstones whose time is over")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--max-deletes <pages>", "most to remove (default: 5 % of all pages, and at least 100)", wholeNumber(0))
    .option("--dry-run", "say what would be removed")
    .option("--json", "print one JSON object")
    .action(async (flags: PruneFlags) => {
      const isDryRun = flags.dryRun === true;
      const warn = (message: string): void => void process.stderr.write(`${printable(message)}\n`);
      const options = { configFile: flags.config, maxDeletes: flags.maxDeletes, isDryRun };
      const report = await runPrune(options, siteEnvironment(flags.config), interruptSignal(), warn);
      const { plan, failed } = report;
      process.exitCode = plan.isWithheld ? EXIT.refused : failed.length > 0 ? EXIT.failed : EXIT.done;
      if (flags.json === true) {
        const data = { schema: "rekiln.prune/1", isDryRun, ...report, exitCode: process.exitCode };
        process.stdout.write(`${JSON.stringify(data)}\n`);
      } else process.stdout.write(textOf(report, isDryRun));
    });
}
