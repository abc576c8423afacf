import { Command } from "commander";

import { queueListCommand } from "./queue-list.ts";
import { queuePeekCommand } from "./queue-peek.ts";
import { queuePurgeCommand } from "./queue-purge.ts";
import { queueRedriveCommand } from "./queue-redrive.ts";

/** `rekiln queue` */
export function queueCommand(): Command {
  const command = new Command("queue").description("look at the queue of changes, and mend what failed");
  const subcommands = [queueListCommand(), queuePeekCommand(), queueRedriveCommand(), queuePurgeCommand()];
  for (const subcommand of subcommands) command.addCommand(subcommand.exitOverride());
  return command;
}
