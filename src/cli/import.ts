import { basename } from "node:path";
import { addAbortSignal } from "node:stream";

import { Command } from "commander";

import { RekilnError } from "../core/errors.ts";
import { importRecords } from "../system/import-records.ts";
import { embeddedOf } from "../system/open-embedded.ts";
import { SiteWriter } from "../system/site-writer.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { printable } from "./build-summary.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { openInput } from "./read-input.ts";
import { relayData, relaySummary } from "./relay-summary.ts";
import { count } from "./count.ts";

const SHOWN_MAX = 20;
const TERMINAL_MS = 100;
const LINES_MS = 3000;
const CLEAR_LINE = "\r\u001B[2K";

interface ImportFlags {
  readonly config: string;
  readonly type?: string;
  readonly json?: true;
}

/** `rekiln import` */
export function importCommand(): Command {
  return new Command("import")
    .description("store records from NDJSON, in a site whose source is embedded()")
    .argument("[files...]", "NDJSON files, a record on each line (default: stdin)")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--type <name>", "the records' type (default: the file's name, film for film.ndjson)")
    .option("--json", "print the result as one JSON object")
    .action(async (files: readonly string[], flags: ImportFlags) => {
      const signal = interruptSignal();
      if (files.length === 0) addAbortSignal(signal, process.stdin);
      const inputs = (files.length === 0 ? [undefined] : files).map((file) => ({
        type: flags.type ?? typeOf(file),
        input: openInput(file),
      }));
      using site = await SiteWriter.open(flags.config, siteEnvironment(flags.config));
      // All of them before the first is read: a type that isn't declared stores nothing.
      for (const { type } of inputs) await embeddedOf(site, type, undefined);
      const isTerminal = process.stderr.isTTY;
      let shownAt = performance.now();
      const report = await importRecords(site, inputs, signal, (records) => {
        const now = performance.now();
        if (now - shownAt < (isTerminal ? TERMINAL_MS : LINES_MS)) return;
        shownAt = now;
        process.stderr.write(isTerminal ? `${CLEAR_LINE}${count(records)} records` : `${count(records)} records\n`);
      });
      if (isTerminal) process.stderr.write(CLEAR_LINE);
      const relay = await site.relay();
      const exitCode = signal.aborted ? EXIT.interrupted : report.refusedCount > 0 ? EXIT.failed : EXIT.done;
      process.exitCode = exitCode;
      const { text, warnings } = relaySummary(relay);
      const { records, inserted, updated, same, refused, refusedCount } = report;
      if (flags.json === true) {
        const interrupted = signal.aborted ? { interrupted: true } : {};
        const data = { schema: "rekiln.import.1", ...report, ...interrupted, events: relayData(relay), exitCode };
        process.stdout.write(`${JSON.stringify(data)}\n`);
      } else {
        process.stdout.write(
          `${count(records)} records: ${count(inserted)} new, ${count(updated)} changed, ${count(same)} as they were, ${count(refusedCount)} bad\n${text}`,
        );
      }
      const lines = refused.slice(0, SHOWN_MAX).map(({ place, message }) => `${place}: ${message}`);
      if (refusedCount > lines.length) lines.push(`… and ${count(refusedCount - lines.length)} more bad records`);
      process.stderr.write(lines.map((line) => `${printable(line)}\n`).join("") + warnings);
    });
}

function typeOf(file: string | undefined): string {
  if (file !== undefined) return basename(file).replace(/\.ndjson$/, "");
  throw new RekilnError({
    code: "type-missing",
    message: "Records from stdin have no type.",
    disposition: "fatal",
    hint: "Name it: rekiln import --type film.",
  });
}
