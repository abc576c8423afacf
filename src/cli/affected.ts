import { Argument, Command, Option } from "commander";

import type { EntityName } from "../core/entity-name.ts";
import { runAffected } from "../system/run-affected.ts";
import type { AffectedOptions } from "../system/run-affected.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { affectedData, affectedText } from "./affected-text.ts";
import { printable } from "./build-summary.ts";
import { entityArgument } from "./entity-argument.ts";
import { withId } from "./put.ts";
import { openInput, readJson } from "./read-input.ts";

interface AffectedFlags {
  readonly config: string;
  readonly fields?: readonly string[];
  readonly deleted?: true;
  readonly file?: string;
  readonly all?: true;
  readonly json?: true;
}

async function supposedOf({ fields, deleted, file }: AffectedFlags, id: string): Promise<AffectedOptions["supposed"]> {
  if (file !== undefined) return { kind: "input", name: file, input: withId(await readJson(openInput(file)), id) };
  return deleted === true ? { kind: "deleted" } : { kind: "fields", fields };
}

/** Names between commas; a name stands once, and blanks around it are none of it. */
function fieldNames(text: string): readonly string[] {
  return [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
}

/** `rekiln affected` */
export function affectedCommand(): Command {
  return new Command("affected")
    .description("say which pages a change of an entity would regenerate, and why; changes nothing")
    .addArgument(new Argument("<entity>", "type and id, like film:42").argParser(entityArgument))
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(
      new Option("--fields <names>", "only these fields change, to whatever values: title,rating")
        .argParser(fieldNames)
        .conflicts(["deleted", "file"]),
    )
    .addOption(new Option("--deleted", "as if it were deleted").conflicts("file"))
    .option("--file <json>", "as if it became the record in this file: an exact answer")
    .option("--all", "list every page, not only the first 20 of each route")
    .option("--json", "print all of it as one JSON object")
    .action(async (entity: EntityName, flags: AffectedFlags) => {
      const report = await runAffected(
        { configFile: flags.config, entity, supposed: await supposedOf(flags, entity.id) },
        siteEnvironment(flags.config),
      );
      if (flags.json === true) process.stdout.write(`${JSON.stringify(affectedData(report))}\n`);
      else process.stdout.write(affectedText(report, flags.all === true));
      for (const note of report.notes) process.stderr.write(`${printable(note)}\n`);
    });
}
