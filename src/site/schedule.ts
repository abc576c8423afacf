import { Cron } from "croner";

import { messageOf } from "../core/errors.ts";

/** What a schedule can start: `drain` works until the queue is empty, `sweep` goes over everything once. */
export const SCHEDULED = ["drain", "sweep", "build", "audit", "prune"] as const;
export type ScheduledRun = (typeof SCHEDULED)[number];

/** When to start something. */
export interface ScheduleOptions {
  /** Five fields as of cron: minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  /** An IANA time zone; default UTC. */
  readonly zone?: string;
  readonly run: ScheduledRun;
}

export interface ScheduleEntry {
  readonly name: string;
  readonly cron: string;
  readonly zone: string;
  readonly run: ScheduledRun;
}

/** The first time after `after` (both in milliseconds since 1970) at which an entry is due; undefined when it never is. */
export function nextTime({ cron, zone }: Pick<ScheduleEntry, "cron" | "zone">, after: number): number | undefined {
  return new Cron(cron, { timezone: zone, mode: "5-part" }).nextRun(new Date(after))?.getTime();
}

/** What is wrong with a cron line or its zone, as a sentence's end. */
export function scheduleProblem(entry: Pick<ScheduleEntry, "cron" | "zone">): string | undefined {
  try {
    return nextTime(entry, 0) === undefined ? "is never due" : undefined;
  } catch (error) {
    return `isn't understood: ${messageOf(error)}`;
  }
}
