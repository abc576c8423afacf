import { Command } from "commander";

import { loadConfig } from "../site/load-config.ts";
import { runMigrate } from "../system/run-migrate.ts";
import type { Migrated } from "../system/run-migrate.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { printable } from "./build-summary.ts";
import { count } from "./count.ts";

interface MigrateFlags {
  readonly config: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `rekiln migrate` */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("make the tables of postgresManifest(…), or bring them to this version's format")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--dry-run", "print the statements that would be run, and run none")
    .option("--json", "print one JSON object")
    .action(async (flags: MigrateFlags) => {
      const isDryRun = flags.dryRun === true;
      const done = runMigrate(await loadConfig(flags.config, siteEnvironment(flags.config)), isDryRun);
      const lines =
        flags.json === true
          ? [
              JSON.stringify({
                schema: "rekiln.migrate.1",
                dryRun: isDryRun,
                database: done.database,
                ...(done.migration === undefined ? {} : jsonOf(done.migration)),
              }),
            ]
          : migrateLines(done, isDryRun).map(printable);
      process.stdout.write(lines.map((line) => `${line}\n`).join(""));
    });
}

function jsonOf({ schema, from, to, statements }: NonNullable<Migrated["migration"]>): object {
  return { tables: schema, from, to, statements };
}

function migrateLines({ database, migration }: Migrated, isDryRun: boolean): readonly string[] {
  if (migration === undefined) return ["The manifest of this site is on this machine: there is nothing to make."];
  const { schema, from, to, statements } = migration;
  const where = `the schema ${schema} of ${String(database)}`;
  if (statements.length === 0) return [`The tables in ${where} have format ${to}, as they should.`];
  const what = from === 0 ? `The tables of format ${to}` : `Changes from format ${from} to ${to}`;
  if (isDryRun)
    return [
      `${what} would be made in ${where}:`,
      ...statements.map((statement) => `${statement.replaceAll(/\s+/g, " ")};`),
    ];
  return [`${what} were made in ${where}, by ${count(statements.length)} statements.`];
}
