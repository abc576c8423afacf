import { Command } from "commander";

import type { Lane } from "../queue/queue.ts";
import { laneOption, lanesOf, openSiteQueue } from "./queue-site.ts";
import { durationText } from "../core/duration.ts";
import { bodyData, bodyText } from "./queue-text.ts";
import { count } from "./count.ts";
import { wholeNumber } from "./whole-number.ts";

interface PeekFlags {
  readonly config: string;
  readonly lane?: Lane;
  readonly limit: number;
  readonly json?: true;
}

/** `rekiln queue peek` */
export function queuePeekCommand(): Command {
  return new Command("peek")
    .description("the messages that would be received next, without receiving them")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(laneOption())
    .option("--limit <messages>", "most messages of each lane", wholeNumber(1), 10)
    .option("--json", "print one JSON object")
    .action(async (flags: PeekFlags) => {
      using queue = await openSiteQueue(flags.config);
      const now = Date.now();
      const lines: string[] = [];
      const byLane: Record<string, unknown> = {};
      for (const lane of lanesOf(flags.lane)) {
        const messages = await queue.peek(lane, flags.limit);
        lines.push(`${lane}: ${messages.length === 0 ? "nothing to receive" : `the next ${count(messages.length)}`}`);
        for (const message of messages) {
          const before = message.receives === 0 ? "" : `, received ${count(message.receives)} times before`;
          const age = durationText((now - message.sentAt) / 1000);
          lines.push(`  ${message.id}  sent ${age} ago${before}: ${bodyText(message)}`);
        }
        byLane[lane] = messages.map((message) => ({
          id: message.id,
          receives: message.receives,
          sentAt: message.sentAt,
          body: bodyData(message),
        }));
      }
      if (flags.json === true)
        process.stdout.write(`${JSON.stringify({ schema: "rekiln.queue-peek.1", lanes: byLane })}\n`);
      else process.stdout.write(lines.map((line) => `${line}\n`).join(""));
    });
}
