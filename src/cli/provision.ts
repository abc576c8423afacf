import { Command } from "commander";

import { loadConfig } from "../site/load-config.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { provision } from "../system/provision.ts";
import type { Provisioned } from "../system/provision.ts";
import { printable } from "./build-summary.ts";

interface ProvisionFlags {
  readonly config: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `rekiln provision` */
export function provisionCommand(): Command {
  return new Command("provision")
    .description("make the queues of sqs(…), each with its dead letters, or mend what is there")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--json", "print one JSON object")
    .action(async (flags: ProvisionFlags) => {
      const isDryRun = flags.dryRun === true;
      const done = await provision(await loadConfig(flags.config, siteEnvironment(flags.config)), isDryRun);
      if (flags.json === true) {
        process.stdout.write(
          `${JSON.stringify({ schema: "rekiln.provision.1", dryRun: isDryRun, queues: done.queues })}\n`,
        );
      } else
        process.stdout.write(
          provisionLines(done, isDryRun)
            .map((line) => `${printable(line)}\n`)
            .join(""),
        );
    });
}

const WORDS = {
  create: ["created", "would be created"],
  change: ["changed", "would be changed"],
  keep: ["as it should be", "as it should be"],
} as const;

function provisionLines({ queues }: Provisioned, isDryRun: boolean): readonly string[] {
  if (queues.length === 0) return ["The queue of this site is on this machine: there is nothing to make."];
  return queues.flatMap(({ queue, action, attributes }) => [
    `${queue}: ${WORDS[action][isDryRun ? 1 : 0]}`,
    ...attributes.map(({ name, from, to }) => `  ${name}: ${from === undefined ? "" : `${from} → `}${to}`),
  ]);
}
