import { join, resolve } from "node:path";

import { codeFingerprint } from "../site/fingerprint.ts";
import { bucketAddress } from "../site/declare-fleet.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { EmbeddedSource } from "../source/embedded-source.ts";
import { FilesSource } from "../source/files-source.ts";
import type { Mirror } from "../source/mirror.ts";
import type { CaptureTable } from "../source/postgres-catalog.ts";
import { PostgresSource } from "../source/postgres-source.ts";
import { SnapshotSource } from "../source/snapshot-source.ts";
import { SqliteSource } from "../source/sqlite-source.ts";
import { privateFile } from "./private-file.ts";
import { siteFolders } from "./site-folders.ts";
import type { SiteFolders } from "./site-folders.ts";
import { openSnapshots } from "./snapshot-place.ts";

export interface OpenSourceOptions {
  /** Where an entity store that doesn't exist yet begins to count. */
  readonly firstVersion: number;
  /** Whether what a mirror takes in must outlive a power failure; default false. What rekiln owns always does. */
  readonly isDurable?: boolean;
}

/** Where the entities of a site are kept, or mirrored. */
export function entityFileOf(folders: Pick<SiteFolders, "state">): string {
  return join(folders.state, "entities.db");
}

/** The folder of `files(…)`, or the database of `sqlite(…)`, absolute. */
export function dataPathOf(config: Pick<LoadedConfig, "root">, path: string): string {
  return resolve(config.root, path);
}

/** What to watch for changes of a source that is mirrored. */
export function watchedPathsOf({ root, site: { source } }: LoadedConfig): readonly string[] {
  switch (source.kind) {
    case "embedded":
    case "postgres":
    case "snapshot":
      return [];
    case "files":
      return [dataPathOf({ root }, source.dir)];
    case "sqlite": {
      const file = dataPathOf({ root }, source.file);
      return [file, `${file}-wal`];
    }
  }
}

/** The tables whose changes the database is to note; none without capture. */
export function capturedTablesOf({ site: { source } }: Pick<LoadedConfig, "site">): readonly CaptureTable[] {
  if (source.kind !== "postgres") return [];
  return [...source.queries].flatMap(([type, { tables }]) => tables.map((one) => ({ type, ...one })));
}

/** Opens the source that a site declares. Its state folder is there. */
export function openSource(config: LoadedConfig, options: OpenSourceOptions): Mirror | EmbeddedSource {
  const { site, code } = config;
  // It holds the outbox, and with `embedded()` the data.
  const file = privateFile(entityFileOf(siteFolders(config)), 0o600);
  const { firstVersion, isDurable } = options;
  const mirrored = {
    mirror: file,
    models: site.entities,
    fingerprint: codeFingerprint(code),
    firstVersion,
    isDurable,
  };
  switch (site.source.kind) {
    case "embedded":
      return new EmbeddedSource({ file, models: site.entities, firstVersion });
    case "files": {
      const { dir } = site.source;
      return new FilesSource({ ...mirrored, dir: dataPathOf(config, dir), name: dir });
    }
    case "sqlite": {
      const { file: name, queries } = site.source;
      return new SqliteSource({ ...mirrored, file: dataPathOf(config, name), name, queries });
    }
    case "postgres": {
      const { url, timeoutSeconds, queries } = site.source;
      return new PostgresSource({ ...mirrored, address: { url, timeoutSeconds }, queries });
    }
    case "snapshot": {
      const { source } = site;
      return new SnapshotSource({ ...mirrored, name: bucketAddress(source), open: () => openSnapshots(source) });
    }
  }
}
