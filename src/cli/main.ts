import { CommanderError } from "commander";

import { messageOf, RekilnError } from "../core/errors.ts";
import { TemplateError, templatePlace } from "../render/renderer.ts";
import { readOwnVersion } from "../site/code-inputs.ts";
import { printable } from "./build-summary.ts";
import { endWithClosedPipe } from "./closed-pipe.ts";
import { EXIT } from "./exit.ts";
import { machineError } from "./machine-error.ts";
import { createProgram } from "./program.ts";

/** Errors that say: not so. Those that say: not now, may be tried again by their disposition. */
const REFUSED = new Set([
  "files-exist",
  "purge-unconfirmed",
  "site-not-built",
  "store-forbidden",
  "templates-not-registered",
  "source-unreachable",
  "snapshot-absent",
  "snapshot-older",
]);

function report(thrown: unknown): number {
  const error = thrown instanceof RekilnError ? thrown : (machineError(thrown) ?? thrown);
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Error && error.name === "AbortError") return EXIT.interrupted;
  if (error instanceof TemplateError) {
    process.stderr.write(`${templatePlace(error)}: ${printable(error.message)}\n`);
    return EXIT.usage;
  }
  const lines = messageOf(error).split("\n").map(printable);
  if (error instanceof RekilnError) {
    if (error.hint !== undefined) lines.push(printable(error.hint));
    process.stderr.write(`${lines.join("\n")}\n`);
    return error.disposition === "retry" || REFUSED.has(error.code) ? EXIT.refused : EXIT.usage;
  }
  process.stderr.write(`rekiln failed in a way that it shouldn't: ${lines.join("\n")}\n`);
  if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  return EXIT.failed;
}

endWithClosedPipe();
try {
  const program = await createProgram(await readOwnVersion(), process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
