#!/usr/bin/env node
import { CommanderError } from "commander";

import { messageOf, RekilnError } from "../core/errors.ts";
import { TemplateError } from "../render/renderer.ts";
import { printable } from "./build-summary.ts";
import { EXIT } from "./exit.ts";
import { createProgram } from "./program.ts";

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

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
