import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { digestOf } from "../core/digest.ts";
import type { ObjectKey } from "../core/path.ts";
import { assetRef } from "../core/ref.ts";
import type { CopiedFile, Manifest } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { PageStore } from "../store/store.ts";
import type { Asset, Assets } from "./assets.ts";

const HASH_LENGTH = 16;

export interface StaticProblem {
  readonly file: string;
  readonly message: string;
}

function hashedName(key: string, digest: string): string {
  const dot = key.lastIndexOf(".");
  const isNamed = dot > key.lastIndexOf("/") + 1;
  const hash = digest.slice(0, HASH_LENGTH);
  return isNamed ? `${key.slice(0, dot)}.${hash}${key.slice(dot)}` : `${key}.${hash}`;
}

async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && prefix === "") return [];
    throw error;
  });
  const files: string[] = [];
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await filesBelow(folder, name)));
    else if (entry.isFile()) files.push(name);
  }
  return files;
}

/**
 * The files of `static/`, with the hashes of their content. Names that the path grammar refuses are problems; a name
 * without an extension (`CNAME`, `_redirects`) is a file all the same. Files that start with a dot are left out.
 */
export async function readAssets(folder: string): Promise<{ assets: Assets; problems: readonly StaticProblem[] }> {
  const assets = new Map<string, Asset>();
  const problems: StaticProblem[] = [];
  for (const file of await filesBelow(folder)) {
    if (file.split("/").some((name) => name.startsWith(".") && name !== ".well-known")) continue;
    const isIndex = file === "index.html" || file.endsWith("/index.html");
    const asFolder = isIndex ? `/${file.slice(0, -"index.html".length)}` : `/${file}`;
    const parsed = parsePath(asFolder);
    const bare = parsed.ok ? undefined : parsePath(`/${file}/`);
    if (!parsed.ok && bare?.ok !== true) {
      problems.push({ file, message: `static/${file} ${parsed.problem}` });
      continue;
    }
    const digest = digestOf(readFileSync(join(folder, file)));
    // The grammar has just accepted the name, or the same name as a folder's.
    const key = file as ObjectKey;
    assets.set(file, { file, key, hashedKey: hashedName(file, digest) as ObjectKey, digest });
  }
  return { assets, problems };
}

/** Collision keys of the paths that files of `static/` own. */
export function staticKeysOf(assets: Assets): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { file } of assets.values()) {
    const parsed = parsePath(file.endsWith("index.html") ? `/${file.slice(0, -"index.html".length)}` : `/${file}/`);
    if (parsed.ok) keys.add(parsed.collisionKey);
  }
  return keys;
}

/** Notes a copy before it is made: one that is cut off, or never noted again, is known for rekiln's own. */
export function announceCopy(manifest: Manifest, asset: Asset, objectKey: ObjectKey): void {
  manifest.setCopiedFiles([{ objectKey, file: asset.file, digest: asset.digest, etag: "" }], []);
}

/** Copies one file to the store under a key, whatever stands there. */
export function copyAsset(store: PageStore, folder: string, file: string, key: ObjectKey): string {
  return store.replace(store.stage(key, readFileSync(join(folder, file))));
}

export interface CopyOptions {
  readonly folder: string;
  readonly assets: Assets;
  readonly manifest: Manifest;
  readonly store: PageStore;
  readonly isDryRun: boolean;
  /** `--force`: files that rekiln didn't write may be replaced. */
  readonly replacesForeign: boolean;
}

export interface Copied {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly problems: readonly StaticProblem[];
}

/** Copies what changed in `static/` under its own name, and removes copies of files that are gone. */
export function copyStatic(options: CopyOptions): Copied {
  const { folder, assets, manifest, store, isDryRun } = options;
  const known = new Map(manifest.copiedFiles().map((copy) => [copy.objectKey, copy]));
  const put: CopiedFile[] = [];
  const problems: StaticProblem[] = [];
  const written: string[] = [];
  for (const asset of assets.values()) {
    const { file, key, digest } = asset;
    const copy = known.get(key);
    const etag = store.etag(key);
    if (copy !== undefined && copy.digest === digest && copy.etag === etag) continue;
    if (etag !== undefined && copy === undefined && !options.replacesForeign) {
      const stored = store.read(key);
      if (stored?.digest === digest) {
        put.push({ objectKey: key, file, digest, etag });
        continue;
      }
      if (stored?.carried === undefined) {
        const message = `${key} in the store is a file that rekiln didn't write: move it away, or replace it with --force`;
        problems.push({ file, message });
        continue;
      }
    }
    written.push(file);
    if (isDryRun) continue;
    if (copy === undefined) announceCopy(manifest, asset, key);
    put.push({ objectKey: key, file, digest, etag: copyAsset(store, folder, file, key) });
  }
  const gone = [...known.values()].filter((copy) => copy.objectKey === copy.file && !assets.has(copy.file));
  if (!isDryRun) {
    for (const { objectKey, etag } of gone) {
      // Only a row makes keys here, and it was given one.
      const key = objectKey as ObjectKey;
      if (etag === "" || store.etag(key) === etag) store.remove(key);
    }
    manifest.setCopiedFiles(
      put,
      gone.map(({ objectKey }) => objectKey),
    );
  }
  return { written, removed: gone.map(({ file }) => file), problems };
}

/**
 * After a whole build: the copies with a hash in their names that pages refer to are there, and the old ones go, unless
 * a page that failed still has one in its last good bytes.
 */
export function settleHashedCopies(options: CopyOptions): void {
  const { folder, assets, manifest, store } = options;
  const copies = manifest.copiedFiles();
  const put: CopiedFile[] = [];
  const kept = new Set<string>();
  for (const file of new Set([...assets.keys(), ...copies.map((copy) => copy.file)])) {
    const { isUsed, isUsedByFailed } = manifest.useOf(assetRef(file));
    if (isUsedByFailed) for (const copy of copies) if (copy.file === file) kept.add(copy.objectKey);
    const asset = assets.get(file);
    if (!isUsed || asset === undefined) continue;
    kept.add(asset.hashedKey);
    const etag = store.etag(asset.hashedKey) ?? copyAsset(store, folder, file, asset.hashedKey);
    put.push({ objectKey: asset.hashedKey, file, digest: asset.digest, etag });
  }
  const removed: string[] = [];
  for (const copy of copies) {
    if (copy.objectKey === copy.file || kept.has(copy.objectKey)) continue;
    // Only a row makes keys here, and it was given one.
    store.remove(copy.objectKey as ObjectKey);
    removed.push(copy.objectKey);
  }
  manifest.setCopiedFiles(put, removed);
}
