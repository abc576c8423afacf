import { Argument, Command } from "commander";

import type { EntityName } from "../core/entity-name.ts";
import { editEntity } from "./edit-entity.ts";
import type { EditFlags } from "./edit-entity.ts";
import { entityArgument } from "./entity-argument.ts";
import { openInput, readJson } from "./read-input.ts";

interface PutFlags extends EditFlags {
  readonly file?: string;
}

/** `rekiln put` */
export function putCommand(): Command {
  return new Command("put")
    .description("store a record, whole, in a site whose source is embedded()")
    .addArgument(new Argument("<entity>", "type and id, like film:42").argParser(entityArgument))
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--file <file>", "the record as JSON (default: stdin); its id may be left out")
    .option("--json", "print the result as one JSON object")
    .action(async (name: EntityName, flags: PutFlags) => {
      const { type, id } = name;
      await editEntity("put", name, flags, async () => {
        const input = await readJson(openInput(flags.file));
        return { kind: "put", type, id, input: withId(input, id) };
      });
    });
}

/** A record that is asked for by its id may leave it out. */
export function withId(input: unknown, id: string): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input) || Object.hasOwn(input, "id")) return input;
  return Object.fromEntries([["id", id], ...Object.entries(input)]);
}
