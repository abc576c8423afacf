import { Command } from "commander";

import type { DeadLetter, Lane, Queue } from "../queue/queue.ts";
import { printable } from "./build-summary.ts";
import { laneOption, lanesOf, openSiteQueue } from "./queue-site.ts";
import { durationText } from "../core/duration.ts";
import { bodyData, bodyText, depthText } from "./queue-text.ts";
import { count } from "./count.ts";
import { wholeNumber } from "./whole-number.ts";

interface ListFlags {
  readonly config: string;
  readonly lane?: Lane;
  readonly dead?: true;
  readonly limit: number;
  readonly after?: string;
  readonly json?: true;
}

/** `rekiln queue list` */
export function queueListCommand(): Command {
  return new Command("list")
    .description("how many messages each lane holds, or the dead letters one by one")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(laneOption())
    .option("--dead", "the dead letters: why they were given up, how often they were received, how old they are")
    .option("--limit <letters>", "most dead letters of each lane", wholeNumber(1), 100)
    .option("--after <id>", "those behind this one; with --lane")
    .option("--json", "print one JSON object")
    .action(async (flags: ListFlags, command: Command) => {
      if (flags.after !== undefined && flags.lane === undefined) {
        command.error("error: option '--after <id>' needs '--lane <lane>': each lane has ids of its own");
      }
      using queue = await openSiteQueue(flags.config);
      const lanes = lanesOf(flags.lane);
      const listed = flags.dead === true ? await deadLetters(queue, lanes, flags) : await depths(queue, lanes);
      process.stdout.write(flags.json === true ? `${JSON.stringify(listed.data)}\n` : listed.text);
    });
}

interface Listed {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function depths(queue: Queue, lanes: readonly Lane[]): Promise<Listed> {
  const depth = await queue.depth();
  return {
    text: lanes.map((lane) => `${depthText(lane, depth[lane])}\n`).join(""),
    data: { schema: "rekiln.queue-list.1", lanes: Object.fromEntries(lanes.map((lane) => [lane, depth[lane]])) },
  };
}

async function deadLetters(queue: Queue, lanes: readonly Lane[], { limit, after }: ListFlags): Promise<Listed> {
  const now = Date.now();
  const depth = await queue.depth();
  const lines: string[] = [];
  const byLane: Record<string, unknown> = {};
  for (const lane of lanes) {
    const letters = await queue.deadLetters(lane, { limit, after });
    const { dead } = depth[lane];
    lines.push(`${lane}: ${count(dead)} dead`, ...letters.flatMap((letter) => letterLines(letter, now)));
    const last = letters.at(-1);
    const hasMore = last !== undefined && letters.length === limit && dead > limit;
    if (hasMore) lines.push(`  the next ones: --lane ${lane} --after ${last.id}`);
    byLane[lane] = { dead, letters: letters.map((letter) => letterData(letter, now)) };
  }
  return {
    text: lines.map((line) => `${line}\n`).join(""),
    data: { schema: "rekiln.queue-dead.1", lanes: byLane },
  };
}

function letterLines(letter: DeadLetter, now: number): readonly string[] {
  const { id, reason, receives, sentAt, deadAt } = letter;
  const times = receives === 1 ? "once" : `${count(receives)} times`;
  const [age, dead] = [sentAt, deadAt].map((at) => durationText((now - at) / 1000));
  return [
    `  ${id}  ${printable(reason)}`,
    `      received ${times}, sent ${age} ago, dead for ${dead}: ${bodyText(letter)}`,
  ];
}

function letterData(letter: DeadLetter, now: number): Readonly<Record<string, unknown>> {
  const { id, reason, receives, sentAt, deadAt } = letter;
  const ageSeconds = Math.max(0, Math.floor((now - sentAt) / 1000));
  return { id, reason, receives, sentAt, deadAt, ageSeconds, body: bodyData(letter) };
}
