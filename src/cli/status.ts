import { Command, Option } from "commander";

import { LANES } from "../queue/queue.ts";
import { loadConfig } from "../site/load-config.ts";
import { StatusReader } from "../system/read-status.ts";
import type { SiteStatus } from "../system/read-status.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { EXIT } from "./exit.ts";
import { statusData, statusLines } from "./status-text.ts";
import { watchStatus } from "./status-watch.ts";

interface StatusFlags {
  readonly config: string;
  readonly watch?: true;
  readonly json?: true;
}

/** What a build or a worker would end with that left the site like this. */
function exitCodeOf({ pages, deletes, queue }: SiteStatus): number {
  if (deletes.withheld > 0 || "error" in queue) return EXIT.refused;
  const dead = LANES.reduce((sum, lane) => sum + queue[lane].dead, 0);
  return pages.stale.failed + pages.stale.collided + dead > 0 ? EXIT.failed : EXIT.done;
}

/** `rekiln status` */
export function statusCommand(): Command {
  return new Command("status")
    .description("how the site is: what waits in the queue, which pages are stale, what a build would find")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(new Option("--watch", "say it again and again, until Ctrl-C").conflicts("json"))
    .option("--json", "print one JSON object")
    .action(async (flags: StatusFlags) => {
      const reader = new StatusReader(await loadConfig(flags.config, siteEnvironment(flags.config)), Date.now);
      if (flags.watch === true) {
        await watchStatus(reader, process.stdout);
        return;
      }
      const status = await reader.read();
      const exitCode = exitCodeOf(status);
      process.exitCode = exitCode;
      if (flags.json === true) process.stdout.write(`${JSON.stringify(statusData(status, exitCode))}\n`);
      else process.stdout.write(`${statusLines(status).join("\n")}\n`);
    });
}
