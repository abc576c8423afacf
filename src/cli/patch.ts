import { Argument, Command } from "commander";

import type { EntityName } from "../core/entity-name.ts";
import { RekilnError } from "../core/errors.ts";
import { editEntity } from "./edit-entity.ts";
import type { EditFlags } from "./edit-entity.ts";
import { entityArgument } from "./entity-argument.ts";
import { openInput, readJson } from "./read-input.ts";

interface PatchFlags extends EditFlags {
  readonly file?: string;
}

/** `rekiln patch` */
export function patchCommand(): Command {
  return new Command("patch")
    .description("replace some fields of a record, in a site whose source is embedded()")
    .addArgument(new Argument("<entity>", "type and id, like film:42").argParser(entityArgument))
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--file <file>", "the fields as a JSON object (default: stdin)")
    .option("--json", "print the result as one JSON object")
    .action(async (name: EntityName, flags: PatchFlags) => {
      const { type, id } = name;
      await editEntity("patch", name, flags, async () => {
        const fields = fieldsOf(await readJson(openInput(flags.file)));
        return { kind: "patch", type, id, fields };
      });
    });
}

function fieldsOf(input: unknown): Readonly<Record<string, unknown>> {
  // A JSON object has any fields.
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return input as Record<string, unknown>;
  throw new RekilnError({
    code: "patch-no-object",
    message: "A patch is a JSON object.",
    disposition: "fatal",
    hint: 'Give the fields to replace: {"rating":8.5}.',
  });
}
