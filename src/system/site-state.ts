import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { privateFile } from "./private-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { SqliteManifest } from "../manifest/sqlite-manifest.ts";
import { newestSeen, newestStamped } from "../press/newest-version.ts";
import { ceilingFor, readSiteRecord } from "../press/site-record.ts";
import type { SiteRecord } from "../press/site-record.ts";
import type { PageStore } from "../store/store.ts";

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
  readonly manifest: SqliteManifest;
  readonly file: string;
  /** It knew nothing of this site: pages that are stored are adopted as they are pressed. */
  readonly isNew: boolean;
}

/** The manifest of a site's generation; one of another generation is thrown away, since it may not be this store's. */
export function openManifest(state: string, record: SiteRecord): OpenedManifest {
  mkdirSync(state, { recursive: true, mode: 0o750 });
  const file = manifestFileOf(state, record);
  const known = openKnownManifest(state, record);
  if (known !== undefined) return { manifest: known, file, isNew: false };
  for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
  return { manifest: new SqliteManifest(privateFile(file, 0o640)), file, isNew: true };
}

/** The manifest of this very generation; undefined when there is none. */
export function openKnownManifest(state: string, record: SiteRecord): SqliteManifest | undefined {
  const file = manifestFileOf(state, record);
  if (record.generation === 0 || !existsSync(file)) return undefined;
  const manifest = new SqliteManifest(privateFile(file, 0o640));
  if (manifest.meta("generation") === String(record.generation)) return manifest;
  manifest[Symbol.dispose]();
  return undefined;
}
