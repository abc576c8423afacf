import { Command } from "commander";

import { runCheck } from "../system/run-check.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { BuildProgress } from "./build-progress.ts";
import { checkData, checkText, problemsOf } from "./check-text.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { wholeNumber } from "./whole-number.ts";

interface CheckFlags {
  readonly config: string;
  readonly sample: number;
  readonly json?: true;
}

/** `rekiln check` */
export function checkCommand(): Command {
  return new Command("check")
    .description(
      "check config, templates, data and paths, and render a sample of each route twice in other circumstances; writes no page",
    )
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--sample <pages>", "render at least so many pages of each route", wholeNumber(1), 10)
    .option("--json", "print what was found as one JSON object")
    .action(async (flags: CheckFlags) => {
      const progress = new BuildProgress(process.stderr, Date.now);
      try {
        const options = { configFile: flags.config, sample: flags.sample };
        const report = await runCheck(options, siteEnvironment(flags.config), Date.now, progress, interruptSignal());
        progress.end();
        const exitCode = problemsOf(report) > 0 ? EXIT.failed : EXIT.done;
        process.exitCode = exitCode;
        if (flags.json === true) process.stdout.write(`${JSON.stringify({ ...checkData(report), exitCode })}\n`);
        else process.stdout.write(checkText(report));
      } finally {
        progress.end();
      }
    });
}
