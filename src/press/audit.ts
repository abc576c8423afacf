import { hash } from "node:crypto";

import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import { claimRef } from "../core/ref.ts";
import type { Manifest, StoredPage } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { PageStore } from "../store/store.ts";
import { isRedirectKey } from "./redirect-page.ts";
import { isTombstoneKey } from "./tombstone-page.ts";

/**
 * What an audit found:
 *
 * - `differs`: a page's stored bytes aren't those that were put, or that a fresh render gives.
 * - `missing`: a page that should be stored isn't.
 * - `orphan`: rekiln wrote it, and no page, redirect, sitemap or static file belongs to it any more.
 * - `foreign`: rekiln didn't write it.
 * - `temporary`: what a killed process left.
 */
export type FindingKind = "differs" | "missing" | "orphan" | "foreign" | "temporary";

export interface Finding {
  readonly kind: FindingKind;
  /** Object key in the store, or path where there is none. */
  readonly where: string;
  /** The page, if it is one. */
  readonly key: PageKey | undefined;
  /** For people. */
  readonly detail: string;
}

export interface AuditContext {
  readonly manifest: Manifest;
  readonly store: PageStore;
  readonly signal: AbortSignal;
}

/** What the manifest says of an object: short hashes, so that a million pages fit into memory. */
type Known = readonly [etag: number, digest: number];

const short = (text: string): number => Number.parseInt(hash("sha256", text, "hex").slice(0, 13), 16);

/** Where a page is stored, by what the manifest says; undefined when today's grammar refuses its path. */
function objectOf({ path }: Pick<StoredPage, "path">): ObjectKey | undefined {
  const parsed = parsePath(path);
  return parsed.ok ? parsed.key : undefined;
}

/**
 * Compares the listing of a store with its manifest, and names whatever isn't as it should be. Objects are read only where their etag is another
 * one than the manifest's; `isDeep` reads them all. Nothing is written.
 */
export function* auditStore({ manifest, store, signal }: AuditContext, isDeep: boolean): Iterable<Finding> {
  const known = new Map<number, Known>();
  for (const piece of manifest.stored()) {
    signal.throwIfAborted();
    for (const page of piece) {
      const at = objectOf(page);
      const digest = at === undefined ? undefined : manifest.page(page.key)?.published?.digest;
      if (at !== undefined && digest !== undefined) known.set(short(at), [short(page.etag), short(digest)]);
    }
  }
  const others = new Set<string>();
  for (const { objectKey } of manifest.copiedFiles()) others.add(objectKey);
  for (const { objectKey } of manifest.sitemaps.files()) others.add(objectKey);
  const altered = new Map<number, string>();
  for (const { key, etag } of store.list()) {
    signal.throwIfAborted();
    const place = short(key);
    const page = known.get(place);
    if (page !== undefined) {
      known.delete(place);
      const problem = problemOf(store, key, etag, page, isDeep);
      if (problem !== undefined) altered.set(place, problem);
    } else if (!others.has(key)) {
      const stray = strayAt(manifest, store, key);
      if (stray !== undefined) yield stray;
    }
  }
  // What is left of the known ones is nowhere; a second pass names them.
  for (const piece of known.size + altered.size === 0 ? [] : manifest.stored()) {
    signal.throwIfAborted();
    for (const { key, path } of piece) {
      const at = objectOf({ path });
      if (at === undefined) continue;
      const problem = altered.get(short(at));
      if (problem !== undefined) yield { kind: "differs", where: at, key, detail: problem };
      else if (known.has(short(at))) yield { kind: "missing", where: at, key, detail: `${key} isn't there` };
    }
  }
  for (const name of store.temporary()) {
    yield { kind: "temporary", where: name, key: undefined, detail: "a killed process left it" };
  }
}

function problemOf(
  store: PageStore,
  key: ObjectKey,
  etag: string,
  [knownEtag, knownDigest]: Known,
  isDeep: boolean,
): string | undefined {
  if (!isDeep && short(etag) === knownEtag) return undefined;
  const stored = store.readBytes(key);
  if (stored === undefined) return "it went while it was looked at";
  if (stored.carried === undefined) return "it has no stamp: torn, or edited by hand";
  // Copied elsewhere and back it has another etag, and is what it was.
  return short(stored.digest) === knownDigest ? undefined : "its bytes are other ones than were put";
}

/** Whether rekiln wrote an object, and nothing belongs to it, as things are now. */
export function isOrphan(manifest: Manifest, store: PageStore, key: ObjectKey): boolean {
  if (strayAt(manifest, store, key)?.kind !== "orphan") return false;
  const isNoted =
    manifest.copiedFiles().some(({ objectKey }) => objectKey === key) ||
    manifest.sitemaps.files().some(({ objectKey }) => objectKey === key);
  const at = parsePath(pathOf(key));
  if (isNoted || !at.ok) return !isNoted;
  const claims = [...manifest.dependants(claimRef(at.collisionKey))];
  return !claims.some((claim) => manifest.page(claim.key)?.published?.path === at.path);
}

/** What an object is that no page is known to have. */
function strayAt(manifest: Manifest, store: PageStore, key: ObjectKey): Finding | undefined {
  const carried = store.read(key)?.carried;
  if (carried === undefined) return { kind: "foreign", where: key, key: undefined, detail: "rekiln didn't write it" };
  const at = parsePath(pathOf(key));
  // Redirects, and bytes that wait for the page which takes the path.
  const left = at.ok ? manifest.left.at(at.collisionKey) : undefined;
  const isLeft = left !== undefined && at.ok && left.path === at.path;
  if (isLeft && (left.kind !== "tombstone" || isTombstoneKey(carried.key))) return undefined;
  return {
    kind: "orphan",
    where: key,
    key: undefined,
    detail: `${whatIs(carried.key)}, which nothing belongs to any more`,
  };
}

function whatIs(carriedKey: string): string {
  if (isRedirectKey(carriedKey)) return "a redirect";
  if (isTombstoneKey(carriedKey)) return "a tombstone";
  return carriedKey.startsWith(":") ? "a sitemap" : `page ${carriedKey}`;
}

function pathOf(key: ObjectKey): string {
  return `/${key.replace(/(^|\/)index\.html$/, "$1")}`;
}
