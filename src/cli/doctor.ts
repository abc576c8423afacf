import { Command } from "commander";

import type { Finding } from "../core/finding.ts";
import { loadConfig } from "../site/load-config.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { examine } from "../system/doctor.ts";
import { printable } from "./build-summary.ts";
import { EXIT } from "./exit.ts";

interface DoctorFlags {
  readonly config: string;
  readonly json?: true;
}

const MARKS = { good: "ok", doubtful: "!!", bad: "XX" } as const;

/** `rekiln doctor` */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "look at the store, the queue, the clock, credentials, the manifest and the source, and say what is wrong",
    )
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--json", "print one JSON object")
    .action(async (flags: DoctorFlags) => {
      const findings = await examine(await loadConfig(flags.config, siteEnvironment(flags.config)));
      const isBad = findings.some(({ kind }) => kind === "bad");
      const exitCode = isBad ? EXIT.failed : EXIT.done;
      process.exitCode = exitCode;
      if (flags.json === true) {
        process.stdout.write(`${JSON.stringify({ schema: "rekiln.doctor.1", findings, exitCode })}\n`);
      } else
        process.stdout.write(
          findings
            .flatMap(findingLines)
            .map((line) => `${printable(line)}\n`)
            .join(""),
        );
    });
}

function findingLines(finding: Finding): readonly string[] {
  const line = `${MARKS[finding.kind]}  ${finding.what}: ${finding.says}`;
  return finding.kind === "good" ? [line] : [line, `      ${finding.hint}`];
}
