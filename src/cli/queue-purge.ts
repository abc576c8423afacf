import { Command } from "commander";

import { RekilnError } from "../core/errors.ts";
import type { Lane, Queue } from "../queue/queue.ts";
import { confirm } from "./confirm.ts";
import { laneOption, lanesOf, openSiteQueue } from "./queue-site.ts";
import { count } from "./count.ts";

interface PurgeFlags {
  readonly config: string;
  readonly lane?: Lane;
  readonly dead?: true;
  readonly yes?: true;
  readonly json?: true;
}

const REMEDY =
  "What was waiting for pages is lost to the workers: `rekiln build` follows every change that they missed.";

/** `rekiln queue purge` */
export function queuePurgeCommand(): Command {
  return new Command("purge")
    .description("delete all messages, those in flight too, or the dead letters")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(laneOption())
    .option("--dead", "the dead letters instead of the messages")
    .option("--yes", "don't ask")
    .option("--json", "print one JSON object")
    .action(async (flags: PurgeFlags) => {
      using queue = await openSiteQueue(flags.config);
      const what = flags.dead === true ? "dead" : "messages";
      const lanes = lanesOf(flags.lane);
      const found = await countIn(queue, lanes, what);
      const text = lanes.map((lane) => `${countText(found[lane] ?? 0, what)} of ${lane}`).join(" and ");
      if (flags.yes !== true) {
        if (!process.stdin.isTTY || !process.stderr.isTTY) throw unconfirmed(text);
        if (!(await confirm(`Delete ${text}?`, process.stdin, process.stderr))) {
          process.stderr.write("Nothing was deleted.\n");
          return;
        }
      }
      for (const lane of lanes) await queue.purge(lane, what);
      if (flags.json === true) {
        process.stdout.write(`${JSON.stringify({ schema: "rekiln.queue-purge.1", what, deleted: found })}\n`);
      } else process.stdout.write(`deleted ${text}\n`);
      if (what === "messages") process.stderr.write(`${REMEDY}\n`);
    });
}

function countText(found: number, what: "messages" | "dead"): string {
  return `${count(found)} ${what === "dead" ? "dead letter" : "message"}${found === 1 ? "" : "s"}`;
}

async function countIn(
  queue: Queue,
  lanes: readonly Lane[],
  what: "messages" | "dead",
): Promise<Partial<Record<Lane, number>>> {
  const depth = await queue.depth();
  const counted: Partial<Record<Lane, number>> = {};
  for (const lane of lanes) {
    const { waiting, delayed, inFlight, dead } = depth[lane];
    counted[lane] = what === "dead" ? dead : waiting + delayed + inFlight;
  }
  return counted;
}

function unconfirmed(text: string): RekilnError {
  return new RekilnError({
    code: "purge-unconfirmed",
    message: `Nothing was deleted: ${text} would be, and nobody can be asked here.`,
    disposition: "fatal",
    hint: "Add --yes if they should go.",
  });
}
