import { checkKeys, isObject } from "./check-object.ts";
import type { Report } from "./problem.ts";
import { SCHEDULED, scheduleProblem } from "./schedule.ts";
import type { ScheduledRun, ScheduleEntry } from "./schedule.ts";

const HINT = 'write schedule: { drain: { cron: "0 6,18 * * *", zone: "Europe/Berlin", run: "drain" } }';

/** Checks the `schedule` of a config: entries by their names. */
export function checkSchedule(value: unknown, report: Report): readonly ScheduleEntry[] {
  if (value === undefined) return [];
  if (!isObject(value)) {
    report("schedule", "is no object", HINT);
    return [];
  }
  return Object.entries(value).flatMap(([name, entry]) => checkEntry(name, entry, report) ?? []);
}

function checkEntry(name: string, value: unknown, report: Report): ScheduleEntry | undefined {
  const path = `schedule.${name}`;
  if (!isObject(value)) {
    report(path, "is no object", HINT);
    return undefined;
  }
  checkKeys(path, value, ["cron", "zone", "run"], report);
  const { cron, zone = "UTC", run } = value;
  if (!isRun(run)) {
    report(`${path}.run`, "is nothing that a schedule can start", `use one of: ${SCHEDULED.join(", ")}`);
    return undefined;
  }
  if (typeof cron !== "string" || typeof zone !== "string") {
    report(path, "has no cron line, or a zone that is no name", HINT);
    return undefined;
  }
  const problem = scheduleProblem({ cron, zone });
  if (problem !== undefined) {
    report(
      `${path}.cron`,
      `${JSON.stringify(cron)} in ${zone} ${problem}`,
      "give five fields as of cron, and an IANA zone",
    );
    return undefined;
  }
  return { name, cron, zone, run };
}

const isRun = (value: unknown): value is ScheduledRun => SCHEDULED.some((run) => run === value);
