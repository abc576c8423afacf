import { Command } from "commander";

import type { Lane } from "../queue/queue.ts";
import { EXIT } from "./exit.ts";
import { laneOption, lanesOf, openSiteQueue } from "./queue-site.ts";
import { count } from "./count.ts";

interface RedriveFlags {
  readonly config: string;
  readonly lane?: Lane;
  readonly all?: true;
  readonly json?: true;
}

/** `rekiln queue redrive` */
export function queueRedriveCommand(): Command {
  return new Command("redrive")
    .description("send dead letters once more, as new messages")
    .argument("[ids...]", "the letters, as `queue list --dead` names them")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(laneOption())
    .option("--all", "all dead letters")
    .option("--json", "print one JSON object")
    .action(async (named: readonly string[], flags: RedriveFlags, command: Command) => {
      const ids = [...new Set(named)];
      if ((ids.length === 0) === (flags.all === undefined)) {
        command.error("error: name the dead letters, or give '--all'; `rekiln queue list --dead` lists them");
      }
      if (ids.length > 0 && flags.lane === undefined) {
        command.error("error: letters that are named need '--lane <lane>': each lane has ids of its own");
      }
      using queue = await openSiteQueue(flags.config);
      const redriven: Partial<Record<Lane, number>> = {};
      let total = 0;
      for (const lane of lanesOf(flags.lane)) {
        const sent = await queue.redrive(lane, flags.all === true ? "all" : ids);
        redriven[lane] = sent;
        total += sent;
      }
      const missing = flags.all === true ? 0 : ids.length - total;
      const exitCode = missing > 0 ? EXIT.failed : EXIT.done;
      process.exitCode = exitCode;
      if (flags.json === true) {
        process.stdout.write(`${JSON.stringify({ schema: "rekiln.queue-redrive.1", redriven, missing, exitCode })}\n`);
      } else {
        const lanes = Object.entries(redriven).map(([lane, sent]) => `${lane}: ${count(sent)} sent once more\n`);
        process.stdout.write(lanes.join(""));
      }
      if (missing > 0) process.stderr.write(`${count(missing)} of them aren't dead letters of ${flags.lane}.\n`);
    });
}
