import { Command } from "commander";

import { runRelease } from "../system/run-release.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";

interface ReleaseFlags {
  readonly config: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `rekiln release` */
export function releaseCommand(): Command {
  return new Command("release")
    .description("register the templates and the config as the newest, and queue the pages that they touch")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--dry-run", "say what would be queued, and register nothing")
    .option("--json", "print one JSON object")
    .action(async (flags: ReleaseFlags) => {
      const isDryRun = flags.dryRun === true;
      const report = await runRelease({ configFile: flags.config, isDryRun }, siteEnvironment(flags.config));
      const exitCode = report.problems.length > 0 ? EXIT.failed : EXIT.done;
      process.exitCode = exitCode;
      for (const { file, message } of report.problems) process.stderr.write(`static/${file}: ${message}\n`);
      if (flags.json === true) {
        process.stdout.write(`${JSON.stringify({ schema: "rekiln.release.1", ...report, isDryRun, exitCode })}\n`);
        return;
      }
      if (report.routes.length === 0) {
        process.stdout.write(`Nothing to release: these templates are epoch ${report.epoch}, the newest.\n`);
        return;
      }
      const isBilled = Object.values(report.cost.requests).some((requests) => requests > 0);
      const lines = report.routes.map(({ route, pages }) => `  ${route}  ${count(pages)} pages`);
      const head = isDryRun ? `Epoch ${report.epoch} would queue:` : `Epoch ${report.epoch} is registered. Queued:`;
      const next = isDryRun
        ? []
        : [
            "Workers with older templates end by themselves: start rekiln work anew.",
            ...(isBilled ? [runCostText(report.cost)] : []),
          ];
      process.stdout.write(`${[head, ...lines, ...next].join("\n")}\n`);
    });
}
