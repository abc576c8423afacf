import { join, resolve } from "node:path";

import { codeFingerprint } from "../site/fingerprint.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { EmbeddedSource } from "../source/embedded-source.ts";
import { FilesSource } from "../source/files-source.ts";
import { privateFile } from "./private-file.ts";
import { siteFolders } from "./site-folders.ts";
import type { SiteFolders } from "./site-folders.ts";

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

/** The folder of `files(…)`, absolute. */
export function dataFolderOf(config: Pick<LoadedConfig, "root">, dir: string): string {
  return resolve(config.root, dir);
}

/** Opens the source that a site declares. Its state folder is there. */
export function openSource(config: LoadedConfig, options: OpenSourceOptions): FilesSource | EmbeddedSource {
  const { site, code } = config;
  // It holds the outbox, and with `embedded()` the data.
  const file = privateFile(entityFileOf(siteFolders(config)), 0o600);
  const { firstVersion, isDurable } = options;
  switch (site.source.kind) {
    case "embedded":
      return new EmbeddedSource({ file, models: site.entities, firstVersion });
    case "files":
      return new FilesSource({
        dir: dataFolderOf(config, site.source.dir),
        name: site.source.dir,
        mirror: file,
        models: site.entities,
        fingerprint: codeFingerprint(code),
        firstVersion,
        isDurable,
      });
  }
}
