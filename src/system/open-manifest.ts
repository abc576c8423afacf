import { statSync } from "node:fs";

import type { Manifest } from "../manifest/manifest.ts";
import { PostgresManifest } from "../manifest/postgres-manifest.ts";
import type { SiteAddress } from "../manifest/postgres-site.ts";
import { SqliteManifest } from "../manifest/sqlite-manifest.ts";
import { BlockingPostgres } from "./blocking-postgres.ts";

/** Where a manifest is that is there, as plain data that threads can be given. */
export type ManifestSetup =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string | undefined; readonly address: SiteAddress };

/** Opens a manifest for this thread. @throws RekilnError `manifest-format`, `manifest-unreachable` */
export function openManifestOf(setup: ManifestSetup): Manifest {
  if (setup.kind === "sqlite") return new SqliteManifest(setup.file);
  return new PostgresManifest(new BlockingPostgres(setup.url), setup.address);
}

/**
 * Whether the manifest that is there when this is asked for stays the one that it is. Of one in Postgres its generation tells, and each
 * transaction sees it.
 */
export function stayingPut(setup: ManifestSetup): () => boolean {
  if (setup.kind === "postgres") return () => true;
  const { ino } = statSync(setup.file);
  return () => statSync(setup.file, { throwIfNoEntry: false })?.ino === ino;
}
