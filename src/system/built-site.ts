import { existsSync } from "node:fs";

import { RekilnError } from "../core/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { newestSeen } from "../press/newest-version.ts";
import { readSiteRecord } from "../press/site-record.ts";
import type { SiteRecord } from "../press/site-record.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import type { PageStore } from "../store/store.ts";
import { entityFileOf, openSource } from "./open-source.ts";
import { openPageStore } from "./open-page-store.ts";
import { siteFolders } from "./site-folders.ts";
import { openManifestOf } from "./open-manifest.ts";
import type { ManifestSetup } from "./open-manifest.ts";
import { findManifest } from "./site-state.ts";
import { isStoreThere, storeSetupOf } from "./store-setup.ts";

/** A site as its builds and workers left it, to look at. */
export interface BuiltSite extends Disposable {
  readonly record: SiteRecord;
  readonly store: PageStore;
  readonly manifestSetup: ManifestSetup;
  readonly manifest: Manifest;
  readonly source: Mirror | EmbeddedSource;
  /** Whether every route has been gone over once; until then the manifest doesn't know of all pages. */
  readonly isComplete: boolean;
}

/**
 * Opens what is known of a site; changes nothing, and needs no lock. What is written through `source` outlives a power failure if `isDurable`.
 *
 * @throws RekilnError `site-not-built` when nothing is known of it
 */
export function openBuiltSite(config: LoadedConfig, isDurable = false): BuiltSite {
  const folders = siteFolders(config);
  const setup = storeSetupOf(config.site, folders);
  if (!isStoreThere(setup)) throw notBuilt("its store isn't there");
  using stack = new DisposableStack();
  const store = stack.use(openPageStore(setup, `${process.pid}-main`));
  const record = readSiteRecord(store);
  if (record === undefined) throw notBuilt("its store has no site record");
  const manifestSetup = findManifest(folders.state, record, config.site.manifest);
  if (manifestSetup === undefined) throw notBuilt("its manifest isn't there");
  if (!existsSync(entityFileOf(folders))) throw notBuilt("its data isn't here");
  const manifest = stack.use(openManifestOf(manifestSetup));
  if (manifest.meta("generation") !== String(record.generation)) throw notBuilt("its manifest is of another time");
  const source = stack.use(openSource(config, { firstVersion: record.ceiling, isDurable }));
  const isComplete = manifest.meta("complete") !== undefined && manifest.meta("bulk") === undefined;
  const opened = stack.move();
  return { record, store, manifestSetup, manifest, source, isComplete, [Symbol.dispose]: () => opened.dispose() };
}

/**
 * Pages that were made from later data than the source has hold back whatever is made from it: it was restored from a copy.
 *
 * @throws RekilnError `source-older`
 */
export function checkVersions({ record, manifest, source }: BuiltSite): void {
  const newest = Math.max(record.version, newestSeen(manifest));
  if (source.version() >= newest) return;
  throw new RekilnError({
    code: "source-older",
    message: `The source is at version ${source.version()}, but pages were made from version ${newest}: an older copy of it was put in place.`,
    disposition: "fatal",
    hint: "Run rekiln build: it lets the versions go on above those of the pages.",
  });
}

/** How many pages of a route the manifest knows. */
export function knownPages(manifest: Manifest, route: string): number {
  let pages = 0;
  for (const piece of manifest.keysOf(route)) pages += piece.length;
  return pages;
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
