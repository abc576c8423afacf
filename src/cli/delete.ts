import { Argument, Command } from "commander";

import type { EntityName } from "../core/entity-name.ts";
import { editEntity } from "./edit-entity.ts";
import type { EditFlags } from "./edit-entity.ts";
import { entityArgument } from "./entity-argument.ts";

/** `rekiln delete` */
export function deleteCommand(): Command {
  return new Command("delete")
    .description("delete a record, in a site whose source is embedded()")
    .addArgument(new Argument("<entity>", "type and id, like film:42").argParser(entityArgument))
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--json", "print the result as one JSON object")
    .action(async (name: EntityName, flags: EditFlags) => {
      await editEntity("delete", name, flags, async () => ({ kind: "delete", ...name }));
    });
}
