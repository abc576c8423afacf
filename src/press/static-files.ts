import { closeSync, openSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { digestOfPieces, RunningDigest } from "../core/digest.ts";
import { isTwinKey } from "../core/encoding.ts";
import { messageOf, RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import { assetRef } from "../core/ref.ts";
import type { CopiedFile, Manifest } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import { filePieces } from "../store/file-pieces.ts";
import type { PageStore } from "../store/store.ts";
import { hashedKeyOf } from "./assets.ts";
import type { Asset, Assets } from "./assets.ts";
import { sitemapAbove } from "./sitemap-owner.ts";

export interface StaticProblem {
  readonly file: string;
  readonly message: string;
}

interface StaticFolder {
  readonly files: string[];
  /** Files and folders that begin with a dot: editors and systems leave such. */
  readonly leftOut: string[];
  readonly problems: StaticProblem[];
}

async function readBelow(folder: string, prefix: string, found: StaticFolder): Promise<void> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && prefix === "") return [];
    throw error;
  });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.name.startsWith(".") && entry.name !== ".well-known") found.leftOut.push(name);
    else if (entry.isDirectory()) await readBelow(folder, name, found);
    else if (entry.isFile()) found.files.push(name);
    else found.problems.push({ file: name, message: `static/${name} is no plain file: put a copy in its place` });
  }
}

/** The content of a file, of which only a piece is in memory at a time. */
function* staticPieces(folder: string, file: string): Iterable<Uint8Array> {
  try {
    const opened = openSync(join(folder, file), "r");
    try {
      yield* filePieces(opened);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    throw new RekilnError({
      code: "static-unreadable",
      message: `static/${file} can't be read: ${messageOf(error)}.`,
      disposition: "fatal",
      hint: "Give this user the right to read it, or take it out of static/, and run the build again.",
      cause: error,
    });
  }
}

/**
 * The files of `static/`, with the hashes of their content. Names that the path grammar refuses are problems; a name
 * without an extension (`CNAME`, `_redirects`) is a file all the same. Names that start
 * with a dot are left out, but for `.well-known`.
 */
export async function readAssets(
  folder: string,
  isCompressing = false,
): Promise<{ assets: Assets; problems: readonly StaticProblem[]; leftOut: readonly string[] }> {
  const assets = new Map<string, Asset>();
  const problems: StaticProblem[] = [];
  const leftOut: string[] = [];
  const files: string[] = [];
  await readBelow(folder, "", { files, leftOut, problems });
  for (const file of files) {
    if (isCompressing && isTwinKey(file)) {
      problems.push({
        file,
        message: `static/${file} has the name of a precompressed twin, which compress makes itself`,
      });
      continue;
    }
    const isIndex = file === "index.html" || file.endsWith("/index.html");
    const asFolder = isIndex ? `/${file.slice(0, -"index.html".length)}` : `/${file}`;
    const parsed = parsePath(asFolder);
    const bare = parsed.ok ? undefined : parsePath(`/${file}/`);
    if (!parsed.ok && bare?.ok !== true) {
      problems.push({ file, message: `static/${file} ${parsed.problem}` });
      continue;
    }
    const digest = digestOfPieces(staticPieces(folder, file));
    // The grammar has just accepted the name, or the same name as a folder's.
    const key = file as ObjectKey;
    assets.set(file, { file, key, hashedKey: hashedKeyOf(file, digest), digest });
  }
  return { assets, problems, leftOut };
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

/**
 * Copies one file to the store under a key, whatever stands there.
 * @returns the copy's etag
 * @throws RekilnError `static-changed` when it holds other bytes than it did when this build began, `static-unreadable`
 */
export function copyAsset(store: PageStore, folder: string, asset: Asset, key: ObjectKey): string {
  const digest = new RunningDigest();
  const staged = store.stagePieces(key, digest.digested(staticPieces(folder, asset.file)));
  try {
    if (digest.end() === asset.digest) return store.replace(staged);
  } finally {
    store.discard(staged);
  }
  throw new RekilnError({
    code: "static-changed",
    message: `static/${asset.file} changed while the build ran.`,
    disposition: "retry",
    hint: "Run the build again.",
  });
}

/** As `copyAsset`, but a file that can't be copied is a problem. */
function tryCopy(options: CopyOptions, asset: Asset, key: ObjectKey, problems: StaticProblem[]): string | undefined {
  try {
    return copyAsset(options.store, options.folder, asset, key);
  } catch (error) {
    if (!(error instanceof RekilnError) || !error.code.startsWith("static-")) throw error;
    problems.push({ file: asset.file, message: `${error.message} ${error.hint ?? ""}` });
    return undefined;
  }
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
  const { assets, manifest, store, isDryRun } = options;
  const known = new Map(manifest.copiedFiles().map((copy) => [copy.objectKey, copy]));
  const put: CopiedFile[] = [];
  const problems: StaticProblem[] = [];
  const written: string[] = [];
  const all = [...assets.values()];
  const etags = store.etags(all.map(({ key }) => key));
  for (const [place, asset] of all.entries()) {
    const { file, key, digest } = asset;
    const copy = known.get(key);
    const etag = etags[place];
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
    if (isDryRun) {
      written.push(file);
      continue;
    }
    const sitemap = sitemapAbove(store, key);
    if (sitemap !== undefined) store.remove(sitemap);
    if (copy === undefined) announceCopy(manifest, asset, key);
    const copied = tryCopy(options, asset, key, problems);
    if (copied === undefined) continue;
    written.push(file);
    put.push({ objectKey: key, file, digest, etag: copied });
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
 * @returns files that couldn't be copied
 */
export function settleHashedCopies(options: CopyOptions): readonly StaticProblem[] {
  const { assets, manifest, store } = options;
  const problems: StaticProblem[] = [];
  const copies = manifest.copiedFiles();
  const put: CopiedFile[] = [];
  const kept = new Set<string>();
  for (const file of new Set([...assets.keys(), ...copies.map((copy) => copy.file)])) {
    const { isUsed, isUsedByFailed } = manifest.useOf(assetRef(file));
    if (isUsedByFailed) for (const copy of copies) if (copy.file === file) kept.add(copy.objectKey);
    const asset = assets.get(file);
    if (!isUsed || asset === undefined) continue;
    kept.add(asset.hashedKey);
    const etag = store.etag(asset.hashedKey) ?? tryCopy(options, asset, asset.hashedKey, problems);
    if (etag !== undefined) put.push({ objectKey: asset.hashedKey, file, digest: asset.digest, etag });
  }
  const removed: string[] = [];
  for (const copy of copies) {
    if (copy.objectKey === copy.file || kept.has(copy.objectKey)) continue;
    // Only a row makes keys here, and it was given one.
    store.remove(copy.objectKey as ObjectKey);
    removed.push(copy.objectKey);
  }
  manifest.setCopiedFiles(put, removed);
  return problems;
}
