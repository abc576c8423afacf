import { Command } from "commander";

import { affectedCommand } from "./affected.ts";
import { auditCommand } from "./audit.ts";
import { buildCommand } from "./build.ts";
import { checkCommand } from "./check.ts";
import { costCommand } from "./cost.ts";
import { deleteCommand } from "./delete.ts";
import { devCommand } from "./dev.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { importCommand } from "./import.ts";
import { initCommand } from "./init.ts";
import { manifestCommand } from "./manifest.ts";
import { patchCommand } from "./patch.ts";
import { provisionCommand } from "./provision.ts";
import { pruneCommand } from "./prune.ts";
import { publishCommand } from "./publish.ts";
import { putCommand } from "./put.ts";
import { queueCommand } from "./queue.ts";
import { rebuildCommand } from "./rebuild.ts";
import { releaseCommand } from "./release.ts";
import { scheduleCommand } from "./schedule.ts";
import { serveCommand } from "./serve.ts";
import { statusCommand } from "./status.ts";
import { sweepCommand } from "./sweep.ts";
import { workCommand } from "./work.ts";

/** The command line, not yet run. @param version of rekiln */
export function createProgram(version: string): Command {
  const program = new Command("rekiln")
    .description("bakes every page of a data-driven site once, then only the pages that a change touches")
    .version(version, "--version", "print the version of rekiln")
    .exitOverride()
    .showHelpAfterError("(rekiln --help lists the commands)");
  const commands = [
    initCommand(),
    devCommand(),
    buildCommand(),
    serveCommand(),
    workCommand(),
    sweepCommand(),
    auditCommand(),
    pruneCommand(),
    manifestCommand(),
    scheduleCommand(),
    costCommand(),
    releaseCommand(),
    rebuildCommand(),
    putCommand(),
    patchCommand(),
    deleteCommand(),
    importCommand(),
    publishCommand(),
    checkCommand(),
    affectedCommand(),
    explainCommand(),
    queueCommand(),
    statusCommand(),
    doctorCommand(),
    provisionCommand(),
  ];
  for (const command of commands) program.addCommand(command.exitOverride());
  return program;
}
