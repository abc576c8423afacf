import { existsSync } from "node:fs";
import { join } from "node:path";

import { RekilnError } from "../core/errors.ts";
import { SqliteManifest } from "../manifest/sqlite-manifest.ts";
import { parseSiteRecord } from "../press/site-record.ts";
import type { SiteRecord } from "../press/site-record.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import type { FilesSource } from "../source/files-source.ts";
import { DirectoryPageStore } from "../store/directory.ts";
import { entityFileOf, openSource } from "./open-source.ts";
import { siteFolders } from "./site-folders.ts";

/** A site as its builds and workers left it, to look at. */
export interface BuiltSite extends Disposable {
  readonly record: SiteRecord;
  readonly manifest: SqliteManifest;
  readonly source: FilesSource | EmbeddedSource;
  /** Whether every route has been gone over once; until then the manifest doesn't know of all pages. */
  readonly isComplete: boolean;
}

/**
 * Opens what is known of a site; changes nothing, and needs no lock.
 *
 * @throws RekilnError `site-not-built` when nothing is known of it
 */
export function openBuiltSite(config: LoadedConfig): BuiltSite {
  const folders = siteFolders(config);
  if (!existsSync(folders.store)) throw notBuilt("its store isn't there");
  const text = new DirectoryPageStore(folders.store, `${process.pid}-look`).readRecord();
  const record = text === undefined ? undefined : parseSiteRecord(text);
  if (record === undefined) throw notBuilt("its store has no site record");
  const manifestFile = join(folders.state, `manifest-${record.siteId}.db`);
  if (!existsSync(manifestFile) || !existsSync(entityFileOf(folders))) throw notBuilt("its manifest isn't there");
  using stack = new DisposableStack();
  const manifest = stack.use(new SqliteManifest(manifestFile));
  if (manifest.meta("generation") !== String(record.generation)) throw notBuilt("its manifest is of another time");
  const source = stack.use(openSource(config, { firstVersion: record.ceiling }));
  const isComplete = manifest.meta("complete") !== undefined && manifest.meta("bulk") === undefined;
  const opened = stack.move();
  return { record, manifest, source, isComplete, [Symbol.dispose]: () => opened.dispose() };
}

/** What to say when there is nothing to look at yet. */
export function notBuilt(why: string): RekilnError {
  return new RekilnError({
    code: "site-not-built",
    message: `This site hasn't been built yet: ${why}.`,
    disposition: "fatal",
    hint: "Run rekiln build first.",
  });
}
