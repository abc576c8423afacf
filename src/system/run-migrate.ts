import { migrate } from "../manifest/postgres-schema.ts";
import type { Migration } from "../manifest/postgres-schema.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { BlockingPostgres } from "./blocking-postgres.ts";

/** What was done, and where; no migration where the manifest is on this machine. */
export interface Migrated {
  readonly database: string | undefined;
  readonly migration: Migration | undefined;
}

/**
 * Makes the tables that a site's manifest needs, or brings them to today's format.
 *
 * @throws RekilnError `manifest-format` when a newer rekiln made them, `manifest-unreachable`, `manifest-refused`
 */
export function runMigrate({ site }: LoadedConfig, isDryRun: boolean): Migrated {
  const { manifest } = site;
  // What is in a file is made, and brought up to date, when it is opened.
  if (manifest.kind === "local") return { database: undefined, migration: undefined };
  using channel = new BlockingPostgres(manifest.url);
  const migration = migrate(channel, manifest.schema, isDryRun);
  return { database: channel.name, migration };
}
