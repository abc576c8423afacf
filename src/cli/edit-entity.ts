import { formatEntityName } from "../core/entity-name.ts";
import type { EntityName } from "../core/entity-name.ts";
import type { Edit, EditOutcome } from "../source/edit.ts";
import { embeddedOf } from "../system/open-embedded.ts";
import { SiteWriter } from "../system/site-writer.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { printable } from "./build-summary.ts";
import { EXIT } from "./exit.ts";
import { relayData, relaySummary } from "./relay-summary.ts";

export interface EditFlags {
  readonly config: string;
  readonly json?: true;
}

/**
 * Does one edit, tells the queue of it, and says how that went. A source that is only read is refused before `editOf` asks
 * for input.
 */
export async function editEntity(
  command: "put" | "patch" | "delete",
  name: EntityName,
  flags: EditFlags,
  editOf: () => Promise<Edit>,
): Promise<void> {
  using site = await SiteWriter.open(flags.config, siteEnvironment(flags.config));
  const source = await embeddedOf(site, name.type, name.id);
  const [outcome] = await source.apply([await editOf()]);
  if (outcome === undefined) throw new Error("an edit without an outcome");
  const relay = await site.relay();
  const failed = outcome.kind === "refused" || (outcome.kind === "absent" && command === "patch");
  const exitCode = failed ? EXIT.failed : EXIT.done;
  process.exitCode = exitCode;
  const entity = formatEntityName(name);
  const { text, warnings } = relaySummary(relay);
  if (flags.json === true) {
    const data = {
      schema: `rekiln.${command}.1`,
      entity,
      did: outcome.kind,
      ...("version" in outcome ? { version: outcome.version } : {}),
      ...(outcome.kind === "refused" ? { message: outcome.message } : {}),
      events: relayData(relay),
      exitCode,
    };
    process.stdout.write(`${JSON.stringify(data)}\n`);
  } else {
    const line = `${printable(`${entity} ${described(outcome)}`)}\n`;
    if (failed) process.stderr.write(line);
    else process.stdout.write(`${line}${text}`);
  }
  process.stderr.write(warnings);
}

function described(outcome: EditOutcome): string {
  switch (outcome.kind) {
    case "inserted":
    case "updated":
    case "deleted":
    case "touched":
      return `${outcome.kind}, version ${outcome.version}`;
    case "same":
      return "is what it was: nothing was written";
    case "absent":
      return "isn't there";
    case "refused":
      return `is refused: ${outcome.message}`;
  }
}
