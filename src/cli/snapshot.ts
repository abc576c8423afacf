import { Command } from "commander";

import { runSnapshot } from "../system/run-snapshot.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { ProgressLine } from "./progress-line.ts";
import { printSnapshot } from "./snapshot-summary.ts";
import { wholeNumber } from "./whole-number.ts";

interface SnapshotFlags {
  readonly config: string;
  readonly to?: string;
  readonly keep: number;
  readonly above?: number;
  readonly anew?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `rekiln snapshot` */
export function snapshotCommand(): Command {
  return new Command("snapshot")
    .description("write the whole source to S3, for machines that read it there, and tell the queue what differs")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--to <place>", "where to, like s3://bucket/prefix (default: `snapshots` of the config)")
    .option("--keep <n>", "how many snapshots stay", wholeNumber(1), 3)
    .option("--above <version>", "have versions go on above this one", wholeNumber(1))
    .option("--anew", "compare with nothing: for when the last snapshot is broken")
    .option("--dry-run", "say what differs, and write nothing")
    .option("--json", "print the result as one JSON object")
    .action(async (flags: SnapshotFlags) => {
      const signal = interruptSignal("Stopping; the last snapshot stays. Once more to stop at once.");
      const line = new ProgressLine(process.stderr);
      const { keep, above, to, config: configFile } = flags;
      const isDryRun = flags.dryRun === true;
      const options = { configFile, to, keep, above, isDryRun, isAnew: flags.anew === true };
      try {
        const report = await runSnapshot(options, {
          environment: siteEnvironment(configFile),
          signal,
          onProgress: (stage, done) => {
            if (flags.json === true) return;
            const says = stage === "records" ? "records read" : "entities compared";
            line.show(`${count(done)} ${says}`, performance.now());
          },
        });
        line.end();
        printSnapshot(report, { isDryRun, isJson: flags.json === true });
      } catch (error) {
        line.end();
        if (!signal.aborted) throw error;
        process.exitCode = EXIT.interrupted;
        const data = { schema: "rekiln.snapshot.1", interrupted: true, exitCode: EXIT.interrupted };
        if (flags.json === true) process.stdout.write(`${JSON.stringify(data)}\n`);
      }
    });
}
