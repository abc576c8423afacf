import { Command } from "commander";

import { durationText } from "../core/duration.ts";
import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { CaptureStep } from "../source/postgres-capture.ts";
import type { CaptureStatus } from "../source/postgres-catalog.ts";
import { runCaptureInstall, runCaptureRemove, runCaptureStatus } from "../system/run-capture.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { printable } from "./build-summary.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";

interface CaptureFlags {
  readonly config: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `rekiln capture` */
export function captureCommand(): Command {
  const command = new Command("capture").description(
    "have a Postgres database note which rows change, so that workers follow them",
  );
  for (const subcommand of [installCommand(), removeCommand(), statusCommand()]) {
    command.addCommand(subcommand.exitOverride());
  }
  return command;
}

function installCommand(): Command {
  return changing("install", "make an outbox, and triggers on the tables that the config names", runCaptureInstall);
}

function removeCommand(): Command {
  return changing("remove", "take away the triggers and the outbox, with what waits in it", runCaptureRemove);
}

type Change = (config: LoadedConfig, isDryRun: boolean, signal: AbortSignal) => Promise<readonly CaptureStep[]>;

function changing(name: "install" | "remove", description: string, change: Change): Command {
  return new Command(name)
    .description(description)
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--json", "print one JSON object")
    .action(async (flags: CaptureFlags) => {
      const isDryRun = flags.dryRun === true;
      const steps = await change(await configOf(flags), isDryRun, interruptSignal());
      if (flags.json === true) print([JSON.stringify({ schema: `rekiln.capture-${name}.1`, dryRun: isDryRun, steps })]);
      else print(stepLines(steps, isDryRun));
    });
}

function statusCommand(): Command {
  return new Command("status")
    .description("whether the triggers are in place, and what waits")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--json", "print one JSON object")
    .action(async (flags: CaptureFlags) => {
      const status = await runCaptureStatus(await configOf(flags), interruptSignal());
      const isInPlace = status.tables.every(({ state }) => state === "in place");
      process.exitCode = isInPlace ? EXIT.done : EXIT.failed;
      if (flags.json === true) {
        print([JSON.stringify({ schema: "rekiln.capture-status.1", ...status, exitCode: process.exitCode })]);
      } else print(statusLines(status, isInPlace));
    });
}

async function configOf(flags: CaptureFlags): Promise<LoadedConfig> {
  return loadConfig(flags.config, siteEnvironment(flags.config));
}

const WORDS = {
  create: ["made", "would be made"],
  change: ["made anew", "would be made anew"],
  remove: ["removed", "would be removed"],
  keep: ["as it should be", "as it should be"],
} as const;

function stepLines(steps: readonly CaptureStep[], isDryRun: boolean): readonly string[] {
  if (steps.length === 0) return ["There is no capture in this database."];
  return steps.map(({ what, action }) => `${what}: ${WORDS[action][isDryRun ? 1 : 0]}`);
}

function statusLines(status: CaptureStatus, isInPlace: boolean): readonly string[] {
  const { tables, waiting, waitingSeconds, followedSeconds } = status;
  const since = waitingSeconds === undefined ? "" : `, the first for ${durationText(waitingSeconds)}`;
  const followed =
    followedSeconds === undefined
      ? "No worker has followed it yet."
      : `A worker followed it ${durationText(followedSeconds)} ago.`;
  return [
    ...tables.map(({ type, table, key, state }) => `${table}.${key} for ${type}: ${state}`),
    ...(isInPlace ? [] : ["Run rekiln capture install."]),
    `${count(waiting)} changes wait${since}. ${followed}`,
  ];
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${printable(line)}\n`).join(""));
}
