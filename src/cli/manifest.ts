import { Command } from "commander";

import { rebuildManifest } from "../system/rebuild-manifest.ts";
import { printBuild } from "./build.ts";
import { concurrencyOption, summaryOption } from "./pressing-options.ts";
import { wholeNumber } from "./whole-number.ts";

interface RebuildFlags {
  readonly config: string;
  readonly concurrency?: number;
  readonly maxDeletes?: number;
  readonly json?: true;
}

/** `rekiln manifest` */
export function manifestCommand(): Command {
  const rebuild = new Command("rebuild")
    .description("make the manifest anew from the stored pages and a build; a page that is right isn't written")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .addOption(concurrencyOption())
    .option("--max-deletes <pages>", "most pages to remove (default: 5 % of all, and at least 100)", wholeNumber(0))
    .addOption(summaryOption())
    .action(async ({ config, concurrency, maxDeletes, json }: RebuildFlags) => {
      await printBuild({ config, isDryRun: false, isJson: json === true }, async (surroundings) =>
        rebuildManifest({ configFile: config, concurrency, maxDeletes }, surroundings),
      );
    });
  return new Command("manifest").description("what is known of published pages").addCommand(rebuild.exitOverride());
}
