import { Command } from "commander";

import { runExplain } from "../system/run-explain.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { printable } from "./build-summary.ts";
import { explainData, explainText } from "./explain-text.ts";

interface ExplainFlags {
  readonly config: string;
  readonly all?: true;
  readonly json?: true;
}

/** `rekiln explain` */
export function explainCommand(): Command {
  return new Command("explain")
    .description(
      "say who owns a path, what is published of a page, what it read, and what would change it; writes nothing",
    )
    .argument("<path or page>", "a path like /films/alien/, an address of the site, or a page's key like film/42")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--all", "show everything that it read, not only the first 40")
    .option("--json", "print all of it as one JSON object")
    .action(async (target: string, flags: ExplainFlags) => {
      const report = await runExplain({ configFile: flags.config, target }, siteEnvironment(flags.config), Date.now);
      if (flags.json === true) process.stdout.write(`${JSON.stringify(explainData(report))}\n`);
      else process.stdout.write(explainText(report, flags.all === true));
      for (const note of report.notes) process.stderr.write(`${printable(note)}\n`);
    });
}
