import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { messageOf, RekilnError } from "../core/errors.ts";
import { LaneQueue } from "./lane-queue.ts";
import type { Lane } from "./queue.ts";
import { DEFAULT_MAX_RECEIVES } from "./queue-settings.ts";
import type { QueueSettings } from "./queue-settings.ts";
import { SqliteLane } from "./sqlite-lane.ts";

/**
 * A queue in SQLite, for threads and processes of one machine. Each lane is a file, `queue-live.db` and `queue-bulk.db`:
 * SQLite has one writer a file, and whoever sends 50,000 messages to `bulk` isn't in the way of `live`.
 */
export class SqliteQueue extends LaneQueue {
  /** @throws RekilnError `queue-format`, `queue-damaged`, `queue-unusable`, or `queue-busy` */
  constructor(folder: string, settings: QueueSettings) {
    makeFolder(resolve(folder));
    super(openLanes(folder, settings), settings);
  }
}

function openLanes(folder: string, settings: QueueSettings): Record<Lane, SqliteLane> {
  const { clock, maxReceives = DEFAULT_MAX_RECEIVES } = settings;
  const open = (lane: Lane): SqliteLane =>
    new SqliteLane({ lane, file: join(folder, `queue-${lane}.db`), clock, maxReceives });
  const live = open("live");
  try {
    return { live, bulk: open("bulk") };
  } catch (error) {
    live[Symbol.dispose]();
    throw error;
  }
}

/** Makes a folder that outlives a power failure, as the messages in it do; SQLite takes care of its files. */
function makeFolder(folder: string): void {
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o750 });
    if (made === undefined) return;
    for (let at = folder; at.length >= made.length; at = dirname(at)) syncFolder(dirname(at));
  } catch (error) {
    throw new RekilnError({
      code: "queue-unusable",
      message: `The folder ${folder} can't be made: ${messageOf(error)}.`,
      disposition: "fatal",
      hint: "Check who may write there.",
      cause: error,
    });
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
