import { Option } from "commander";

import { LANES } from "../queue/queue.ts";
import type { Lane, Queue } from "../queue/queue.ts";
import { loadConfig } from "../site/load-config.ts";
import { openQueue } from "../system/open-queue.ts";

/** Opens the queue of a config's site. */
export async function openSiteQueue(configFile: string): Promise<Queue> {
  return openQueue(await loadConfig(configFile, { ...process.env }));
}

export function laneOption(): Option {
  return new Option("--lane <lane>", "only this lane (default: both)").choices([...LANES]);
}

export function lanesOf(lane: Lane | undefined): readonly Lane[] {
  return lane === undefined ? LANES : [lane];
}
