#!/usr/bin/env node
import { Command, CommanderError } from "commander";

import { messageOf, RekilnError } from "../core/errors.ts";
import { TemplateError } from "../render/renderer.ts";
import { affectedCommand } from "./affected.ts";
import { buildCommand } from "./build.ts";
import { printable } from "./build-summary.ts";
import { checkCommand } from "./check.ts";
import { deleteCommand } from "./delete.ts";
import { EXIT } from "./exit.ts";
import { explainCommand } from "./explain.ts";
import { importCommand } from "./import.ts";
import { patchCommand } from "./patch.ts";
import { publishCommand } from "./publish.ts";
import { putCommand } from "./put.ts";
import { queueCommand } from "./queue.ts";
import { rebuildCommand } from "./rebuild.ts";
import { releaseCommand } from "./release.ts";
import { serveCommand } from "./serve.ts";
import { statusCommand } from "./status.ts";
import { workCommand } from "./work.ts";

/** Errors that say: not now, or not so. */
const REFUSED = new Set([
  "build-running",
  "entities-busy",
  "purge-unconfirmed",
  "site-not-built",
  "templates-not-registered",
  "source-unreachable",
]);

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Error && error.name === "AbortError") return EXIT.interrupted;
  if (error instanceof TemplateError) {
    const line = error.line === undefined ? "" : `:${error.line}`;
    process.stderr.write(`templates/${error.file}${line}: ${printable(error.message)}\n`);
    return EXIT.usage;
  }
  const lines = messageOf(error).split("\n").map(printable);
  if (error instanceof RekilnError) {
    if (error.hint !== undefined) lines.push(printable(error.hint));
    process.stderr.write(`${lines.join("\n")}\n`);
    return REFUSED.has(error.code) ? EXIT.refused : EXIT.usage;
  }
  process.stderr.write(`rekiln failed in a way that it shouldn't: ${lines.join("\n")}\n`);
  if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  return EXIT.failed;
}

const program = new Command("rekiln")
  .description("bakes every page of a data-driven site once, then only the pages that a change touches")
  .exitOverride()
  .showHelpAfterError("(rekiln --help lists the commands)");
const commands = [
  buildCommand(),
  serveCommand(),
  workCommand(),
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
];
for (const command of commands) program.addCommand(command.exitOverride());

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
