import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { privateFile } from "./private-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { findSite, makeSite, removeSite } from "../manifest/postgres-site.ts";
import { newestSeen, newestStamped } from "../press/newest-version.ts";
import { ceilingFor, readSiteRecord } from "../press/site-record.ts";
import type { SiteRecord } from "../press/site-record.ts";
import type { ManifestModel } from "../site/check-manifest.ts";
import type { Source } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import { BlockingPostgres } from "./blocking-postgres.ts";
import { openManifestOf } from "./open-manifest.ts";
import type { ManifestSetup } from "./open-manifest.ts";

/** The record of a site as its store has it: read, made anew, or rebuilt from the stamps of its pages. */
export function openRecord(store: PageStore, source: string): { record: SiteRecord; isNew: boolean } {
  const stored = readSiteRecord(store);
  if (stored !== undefined) return { record: stored, isNew: false };
  const fresh: SiteRecord = {
    format: 1,
    siteId: randomUUID(),
    source,
    generation: 0,
    epoch: 0,
    routes: {},
    assets: {},
    ceiling: 0,
    version: 0,
    isFirstBuild: store.isEmpty(),
  };
  let { epoch, version } = fresh;
  for (const { carried } of store.scan()) {
    epoch = Math.max(epoch, carried?.stamp.epoch ?? 0);
    version = Math.max(version, carried?.stamp.version ?? 0);
  }
  return { record: { ...fresh, epoch, ceiling: version, version }, isNew: true };
}

/** The newest version that pages may be stamped with: the record may lie behind, and then the manifest or the pages know. */
export function newestVersion(known: {
  readonly record: SiteRecord;
  readonly manifest: Pick<Manifest, "meta">;
  readonly store: Pick<PageStore, "scan">;
  /** Made anew from the stamps. */
  readonly isNewRecord: boolean;
  /** It has seen no press yet. */
  readonly isNew: boolean;
}): number {
  const { record, manifest, store, isNewRecord, isNew } = known;
  if (isNewRecord) return record.version;
  return Math.max(record.version, isNew ? newestStamped(store) : newestSeen(manifest));
}

/** Where a copy of before was put in place, or another source: its versions go on above all that were. `newest`: as of `newestVersion`. */
export function countOn(
  source: Pick<Source, "identity" | "version" | "raiseVersion">,
  { source: before, ceiling }: SiteRecord,
  newest: number,
): void {
  const isOther = before !== "" && before !== source.identity;
  if (isOther || source.version() < newest) source.raiseVersion(Math.max(ceiling, newest));
}

/** The record once the source's newest version is known: no stamp will be above its ceiling. */
export function withVersion(record: SiteRecord, source: string, version: number): SiteRecord {
  // Of a source that was restored the versions begin again: that is noticed by what they had come to.
  const newest = Math.max(record.version, version);
  return { ...record, source, version: newest, ceiling: ceilingFor(record, newest) };
}

/** The file of a site's manifest in its state folder. */
export function manifestFileOf(state: string, { siteId }: Pick<SiteRecord, "siteId">): string {
  return join(state, `manifest-${siteId}.db`);
}

export interface OpenedManifest {
  readonly manifest: Manifest;
  readonly setup: ManifestSetup;
  /** It knew nothing of this site: pages that are stored are adopted as they are pressed. */
  readonly isNew: boolean;
}

/**
 * The manifest of a site's generation; one of another generation is thrown away, since it may not be this store's.
 *
 * @throws RekilnError `manifest-format`, `manifest-unreachable`
 */
export function openManifest(state: string, record: SiteRecord, declared: ManifestModel): OpenedManifest {
  const known = openKnownManifest(state, record, declared);
  if (known !== undefined) return known;
  const setup = makeManifest(state, record, declared);
  return { manifest: openManifestOf(setup), setup, isNew: true };
}

function makeManifest(state: string, record: SiteRecord, declared: ManifestModel): ManifestSetup {
  if (declared.kind === "postgres") {
    const { url, schema } = declared;
    using channel = new BlockingPostgres(url);
    const name = record.siteId;
    return { kind: "postgres", url, address: { schema, name, site: makeSite(channel, schema, name) } };
  }
  mkdirSync(state, { recursive: true, mode: 0o750 });
  removeManifest(state, record, declared);
  return { kind: "sqlite", file: privateFile(manifestFileOf(state, record), 0o640) };
}

/** The manifest of this very generation; undefined when there is none. */
export function openKnownManifest(
  state: string,
  record: SiteRecord,
  declared: ManifestModel,
): OpenedManifest | undefined {
  const setup = record.generation === 0 ? undefined : findManifest(state, record, declared);
  if (setup === undefined) return undefined;
  const manifest = openManifestOf(setup);
  if (manifest.meta("generation") === String(record.generation)) return { manifest, setup, isNew: false };
  manifest[Symbol.dispose]();
  return undefined;
}

/** Where a site's manifest is, of whatever generation; undefined when there is none. */
export function findManifest(state: string, record: SiteRecord, declared: ManifestModel): ManifestSetup | undefined {
  if (declared.kind === "postgres") {
    const { url, schema } = declared;
    using channel = new BlockingPostgres(url);
    const name = record.siteId;
    const site = findSite(channel, schema, name);
    return site === undefined ? undefined : { kind: "postgres", url, address: { schema, name, site } };
  }
  const file = manifestFileOf(state, record);
  return existsSync(file) ? { kind: "sqlite", file: privateFile(file, 0o640) } : undefined;
}

/** Throws a site's manifest away, if there is one. */
export function removeManifest(state: string, record: SiteRecord, declared: ManifestModel): void {
  if (declared.kind === "postgres") {
    using channel = new BlockingPostgres(declared.url);
    removeSite(channel, declared.schema, record.siteId);
  } else for (const end of ["", "-wal", "-shm"]) rmSync(`${manifestFileOf(state, record)}${end}`, { force: true });
}
