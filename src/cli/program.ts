import { Command } from "commander";

/** In the order in which they are listed. Each is loaded when it is needed: a command shouldn't wait for the code of all the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import("./init.ts")).initCommand(),
  dev: async () => (await import("./dev.ts")).devCommand(),
  build: async () => (await import("./build.ts")).buildCommand(),
  serve: async () => (await import("./serve.ts")).serveCommand(),
  work: async () => (await import("./work.ts")).workCommand(),
  sweep: async () => (await import("./sweep.ts")).sweepCommand(),
  audit: async () => (await import("./audit.ts")).auditCommand(),
  prune: async () => (await import("./prune.ts")).pruneCommand(),
  manifest: async () => (await import("./manifest.ts")).manifestCommand(),
  schedule: async () => (await import("./schedule.ts")).scheduleCommand(),
  cost: async () => (await import("./cost.ts")).costCommand(),
  release: async () => (await import("./release.ts")).releaseCommand(),
  rebuild: async () => (await import("./rebuild.ts")).rebuildCommand(),
  put: async () => (await import("./put.ts")).putCommand(),
  patch: async () => (await import("./patch.ts")).patchCommand(),
  delete: async () => (await import("./delete.ts")).deleteCommand(),
  import: async () => (await import("./import.ts")).importCommand(),
  publish: async () => (await import("./publish.ts")).publishCommand(),
  check: async () => (await import("./check.ts")).checkCommand(),
  affected: async () => (await import("./affected.ts")).affectedCommand(),
  explain: async () => (await import("./explain.ts")).explainCommand(),
  queue: async () => (await import("./queue.ts")).queueCommand(),
  status: async () => (await import("./status.ts")).statusCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
  snapshot: async () => (await import("./snapshot.ts")).snapshotCommand(),
  capture: async () => (await import("./capture.ts")).captureCommand(),
  migrate: async () => (await import("./migrate.ts")).migrateCommand(),
  provision: async () => (await import("./provision.ts")).provisionCommand(),
};

/**
 * The command line, not yet run.
 *
 * @param version of rekiln
 * @param first what is asked for: of a command, or the version, nothing else is loaded
 */
export async function createProgram(version: string, first?: string): Promise<Command> {
  const program = new Command("rekiln")
    .description("bakes every page of a data-driven site once, then only the pages that a change touches")
    .version(version, "--version", "print the version of rekiln")
    .exitOverride()
    .showHelpAfterError("(rekiln --help lists the commands)");
  const commands = await Promise.all(wanted(first).map((load) => load()));
  for (const command of commands) program.addCommand(command.exitOverride());
  return program;
}

function wanted(first: string | undefined): readonly (() => Promise<Command>)[] {
  if (first === "--version") return [];
  const asked = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return asked === undefined ? Object.values(COMMANDS) : [asked];
}
