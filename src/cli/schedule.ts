import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { Command } from "commander";

import { durationText } from "../core/duration.ts";
import { messageOf, RekilnError } from "../core/errors.ts";
import { nextTime } from "../site/schedule.ts";
import type { ScheduledRun, ScheduleEntry } from "../site/schedule.ts";
import { loadConfig } from "../site/load-config.ts";
import { isClockDue } from "../system/clock-due.ts";
import { lockProcess } from "../system/process-lock.ts";
import { runSchedule } from "../system/run-schedule.ts";
import { ScheduleState } from "../system/schedule-state.ts";
import { siteFolders } from "../system/site-folders.ts";
import { sleep } from "../system/sleep.ts";
import { printable } from "./build-summary.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { siteEnvironment } from "../system/site-environment.ts";

interface ScheduleFlags {
  readonly config: string;
  readonly list?: true;
  readonly json?: true;
}

const COMMANDS: Readonly<Record<ScheduledRun, readonly string[]>> = {
  drain: ["work", "--until-empty"],
  sweep: ["sweep", "--once"],
  build: ["build"],
  audit: ["audit"],
  prune: ["prune"],
};

/** The file that this very process was started with. */
const MAIN = fileURLToPath(new URL(`main${import.meta.url.slice(-3)}`, import.meta.url));

/** Each run is a process of its own: it sees the config as it is then, and what becomes of it harms no other. */
async function runCommand(run: ScheduledRun, configFile: string, stop: AbortSignal): Promise<boolean> {
  const child = spawn(process.execPath, [MAIN, ...COMMANDS[run], "--config", configFile], { stdio: "inherit" });
  const end = (): void => void child.kill("SIGTERM");
  stop.addEventListener("abort", end, { once: true });
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code === 0;
  } catch (error) {
    process.stderr.write(`${printable(messageOf(error))}\n`);
    return false;
  } finally {
    stop.removeEventListener("abort", end);
  }
}

function listText(entries: readonly ScheduleEntry[], now: number): string {
  const lines = entries.map((entry) => {
    const at = nextTime(entry, now) ?? now;
    return `${entry.name}: ${entry.run}, ${entry.cron} in ${entry.zone}, next at ${new Date(at).toISOString()}`;
  });
  return `${lines.map(printable).join("\n")}\n`;
}

/** `rekiln schedule` */
export function scheduleCommand(): Command {
  return new Command("schedule")
    .description("start what the config's schedule says, when it says so, until it is told to stop")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--list", "say what is scheduled, and when it is next, and end")
    .option("--json", "with --list: print one JSON object")
    .action(async (flags: ScheduleFlags) => {
      const config = await loadConfig(flags.config, siteEnvironment(flags.config));
      const { schedule } = config.site;
      if (schedule.length === 0) throw nothingScheduled();
      if (flags.list === true) {
        const now = Date.now();
        const entries = schedule.map((entry) => ({ ...entry, next: nextTime(entry, now) ?? null }));
        if (flags.json === true) process.stdout.write(`${JSON.stringify({ schema: "rekiln.schedule/1", entries })}\n`);
        else process.stdout.write(listText(schedule, now));
        return;
      }
      const { state } = siteFolders(config);
      using _lock = lockProcess(state, "schedule");
      const started = new ScheduleState(state);
      const stop = interruptSignal();
      const say = (text: string): void => void process.stderr.write(`${printable(text)}\n`);
      say(`Scheduling ${schedule.map(({ name }) => name).join(", ")}.`);
      await runSchedule(
        schedule,
        {
          clock: Date.now,
          sleep,
          run: async (run) => runCommand(run, flags.config, stop),
          isDue: () => isClockDue(config, Date.now()),
          read: () => started.read(),
          write: (now) => started.write(now),
          onRun: (name) => say(`${new Date().toISOString()} ${name} begins.`),
          onDone: (name, _run, isWell, ms) =>
            say(
              `${new Date().toISOString()} ${name} ${isWell ? "ended" : "failed"}, after ${durationText(ms / 1000)}.`,
            ),
        },
        stop,
      );
    });
}

function nothingScheduled(): RekilnError {
  return new RekilnError({
    code: "nothing-scheduled",
    message: "The config schedules nothing.",
    disposition: "fatal",
    hint: 'Write e.g. schedule: { drain: { cron: "0 6,18 * * *", zone: "Europe/Berlin", run: "drain" } } into defineSite.',
  });
}
