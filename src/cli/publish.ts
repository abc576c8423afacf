import { addAbortSignal } from "node:stream";

import { Argument, Command } from "commander";

import { checkRequest } from "../core/change-request.ts";
import type { ChangeRequest } from "../core/change-request.ts";
import type { EntityName } from "../core/entity-name.ts";
import { RekilnError } from "../core/errors.ts";
import { ChangeSpool } from "../system/change-spool.ts";
import { runPublish } from "../system/run-publish.ts";
import { SiteWriter } from "../system/site-writer.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { entityArguments } from "./entity-argument.ts";
import { printPublished } from "./publish-summary.ts";

interface PublishFlags {
  readonly config: string;
  readonly deleted?: true;
  readonly stdin?: true;
  readonly json?: true;
}

function usage(message: string, hint: string): RekilnError {
  return new RekilnError({ code: "publish-usage", message, disposition: "fatal", hint });
}

/** `rekiln publish` */
export function publishCommand(): Command {
  return new Command("publish")
    .description("tell the queue that entities changed")
    .addArgument(new Argument("[entities...]", "type and id, like film:42").argParser(entityArguments))
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--deleted", "they are gone")
    .option("--stdin", 'read changes from stdin, one on each line: {"entity":"film:42"}')
    .option("--json", "print the result as one JSON object")
    .action(async (names: readonly EntityName[], flags: PublishFlags) => {
      if (flags.stdin === true ? names.length > 0 || flags.deleted === true : names.length === 0) {
        throw usage("Name entities, or give --stdin alone.", "For instance: rekiln publish film:42.");
      }
      // Before anything is there that would be left behind.
      const signal = interruptSignal("Stopping; what is stored is sent. Once more to stop at once.");
      using site = await SiteWriter.open(flags.config, siteEnvironment(flags.config));
      using spool = new ChangeSpool();
      try {
        const isStream = flags.stdin === true;
        if (isStream) addAbortSignal(signal, process.stdin);
        const requests = isStream ? await spooled(site, spool) : named(site, names, flags.deleted === true);
        printPublished(await runPublish(site, requests, signal), flags.json === true);
      } catch (error) {
        if (!signal.aborted) throw error;
        // What it had stored waits in the outbox, and is told with the next change.
        process.exitCode = EXIT.interrupted;
        const data = { schema: "rekiln.publish.1", interrupted: true, exitCode: EXIT.interrupted };
        if (flags.json === true) process.stdout.write(`${JSON.stringify(data)}\n`);
      }
    });
}

/** What stdin holds, once all of it is known to be right. */
async function spooled(site: SiteWriter, spool: ChangeSpool): Promise<AsyncIterable<ChangeRequest>> {
  await spool.take(process.stdin, "stdin", site.config.site.entities);
  const { problems, problemCount } = spool;
  if (problemCount === 0) return spool.changes();
  const more = problemCount - problems.length;
  const lines = more > 0 ? [...problems, `… and ${more} more`] : problems;
  throw usage(lines.join("\n"), `Nothing was published: lines that are wrong: ${problemCount}.`);
}

function named(site: SiteWriter, names: readonly EntityName[], deleted: boolean): readonly ChangeRequest[] {
  return names.map(({ type, id }) => {
    site.checkType(type);
    const checked = checkRequest({ type, id, deleted }, site.config.site.entities);
    if (checked.ok) return checked.request;
    throw usage(`${type}:${id.slice(0, 80)} can't be published: ${checked.problem}.`, "Nothing was published.");
  });
}
