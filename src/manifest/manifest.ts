import type { Dependency } from "../core/dependency.ts";
import type { Digest } from "../core/digest.ts";
import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import type { Stamp } from "../core/stamp.ts";
import type { LeftPathReads, LeftPaths, LeftPathWrites } from "./left-paths.ts";
import type { SitemapState, SitemapWrites } from "./sitemap-state.ts";
import type { SweepState } from "./sweep-state.ts";

/** Which templates and data a page was last seen to equal. */
export interface Verified {
  readonly epoch: number;
  readonly version: number;
}

/** What is published of a page. */
export interface Published {
  readonly path: string;
  readonly stamp: Stamp;
  readonly digest: Digest;
  /** The store's own token. */
  readonly etag: string;
  readonly bytes: number;
  /** For the sitemap: an ISO date or date-time, if the page has one. */
  readonly lastmod: string | undefined;
}

/**
 * Why a page isn't what it should be, and since when (Unix seconds), however often it was tried meanwhile. `failed`: it keeps its last good
 * bytes, if it has any; `collided`: another page owns its path; `withheld`: it should be removed, and isn't because of the cap.
 */
export interface Stale {
  readonly kind: "failed" | "collided" | "withheld";
  readonly since: number;
}

export interface PageRow {
  readonly id: number;
  readonly key: PageKey;
  /** Undefined for a page that never got as far, or whose path another page owns. */
  readonly published: Published | undefined;
  readonly verified: Verified;
  /** When the page falls due by the clock, in Unix seconds. */
  readonly due: number | undefined;
  /** Why the page couldn't be brought up to date; it keeps its last good bytes. */
  readonly error: string | undefined;
  /** Undefined without an error. */
  readonly stale?: Stale | undefined;
}

/** A dependency of a page, by the ref that leads to it. */
export interface Edge {
  readonly ref: RefHash;
  readonly dependency: Dependency;
}

/** Where a page is published. */
export interface StoredPage {
  readonly key: PageKey;
  readonly path: string;
  readonly etag: string;
}

/** A page that has a ref, and what it did with it. */
export interface Dependant {
  readonly key: PageKey;
  readonly dependency: Dependency;
}

/** What a press writes of a page. */
export interface PageRecord {
  readonly key: PageKey;
  readonly published: Published | undefined;
  readonly verified: Verified;
  readonly due: number | undefined;
  readonly error: string | undefined;
  /** Of the error, if there is one. Since when it is stale is kept by whoever records it: see `staleOf`. */
  readonly stale?: Stale | undefined;
}

/** How pages are. A page may be counted as published and stale, or due, at once. */
export interface PageStates {
  readonly published: number;
  /** By kind; an error of which the kind isn't known is a failure. */
  readonly stale: Readonly<Record<Stale["kind"], number>>;
  readonly due: number;
  /** Unix seconds since which the page that has waited longest is stale or due; undefined when none is, or isn't known. */
  readonly oldestSince: number | undefined;
}

/** A page with an error. */
export interface StalePage {
  readonly key: PageKey;
  readonly error: string;
  readonly stale: Stale | undefined;
}

/** The `stale` of a page with an error: since when is kept while the kind is the same. */
export function staleOf(kind: Stale["kind"], row: PageRow | undefined, nowSeconds: number): Stale {
  return { kind, since: row?.stale?.kind === kind ? row.stale.since : nowSeconds };
}

/** What is about to be asked of a manifest, so that one that is far away is asked once for all of it. */
export interface Asked {
  /** Their rows, what presses intend for them, and the paths that they have left. */
  readonly pages?: Iterable<PageKey>;
  /** Keys of pages 1, for `pagesOf`. */
  readonly subjects?: Iterable<PageKey>;
  /** For `dependants`, and the rows of those. */
  readonly refs?: Iterable<RefHash>;
  /** For `isTouchedAbove`, if it is asked at all. */
  readonly touched?: Iterable<RefHash>;
  /** Collision keys, for `left.at`. */
  readonly left?: Iterable<string>;
  /** Collision keys, for `left.below`. */
  readonly below?: Iterable<string>;
  /** Names, for `meta`. */
  readonly settings?: Iterable<string>;
}

/** What a manifest has said at one moment, where it was asked for beforehand; everything else is asked when it is needed. */
export interface ManifestLook extends ManifestReads {
  meta(name: string): string | undefined;
}

export interface ManifestReads {
  page(key: PageKey): PageRow | undefined;
  /** The pages of one subject: page 1 and those behind it. `first` is the key of page 1. */
  pagesOf(first: PageKey): readonly PageRow[];
  /** The pages that have a ref, with what each did with it. */
  dependants(ref: RefHash): Iterable<Dependant>;
  /** Where presses of a page have meant to put it, since it was recorded last: their bytes may still come. */
  intendedPaths(key: PageKey): readonly string[];
  /** The newest version of such bytes; 0 where there are none. */
  newestIntent(key: PageKey): number;
  readonly left: LeftPathReads;
  /** No page is made that has no row, from data older than this version: tombstones that would say more are gone. */
  floor(): number;
}

/**
 * A write transaction. While it is open no other writer, in this process or another, has one. Where the path or the
 * `lastmod` of a published page comes, changes or goes, the page's slot is marked for the sitemap.
 */
export interface ManifestTransaction extends ManifestReads {
  /** Writes a page's row and replaces its dependencies; unchanged ones aren't written again. */
  record(record: PageRecord, edges: readonly Edge[]): void;
  /** As `record`, but the dependencies are added to those that are there. */
  recordFailure(record: PageRecord, edges: readonly Edge[]): void;
  remove(row: PageRow): void;
  /** Raises what a page that is as `row` says is verified to equal. @returns false when its row is another one by now */
  verify(row: PageRow, verified: Verified): boolean;
  /** What stands of a page isn't what its row says any more: whoever is asked for it presses it. */
  distrust(key: PageKey): void;
  /**
   * Adds what a press reads to a page's dependencies, before its bytes are put in a store that the transaction can't hold still: whichever
   * bytes win, their refs are there. A page without a row gets one, unpublished. `press` names the press, `path` is where it puts them.
   */
  intend(key: PageKey, press: string, version: number, path: string, edges: readonly Edge[]): void;
  /** The page is recorded as of `version`: forgets what this press, and older ones, intended. */
  settleIntents(key: PageKey, press: string, version: number): void;
  /** Notes for each ref the newest version that touched it. */
  touch(refs: Iterable<RefHash>, version: number): void;
  /** Whether one of the refs was touched above `version`. */
  isTouchedAbove(refs: Iterable<RefHash>, version: number): boolean;
  readonly left: LeftPathWrites;
  readonly sitemaps: SitemapWrites;
}

/** A static file that was copied to the store. */
export interface CopiedFile {
  readonly objectKey: string;
  /** File below `static/` that it is a copy of. */
  readonly file: string;
  readonly digest: string;
  readonly etag: string;
}

/**
 * What is published. A cache, never the truth: it can be rebuilt from the store and a build.
 * Every commit survives the death of the process.
 */
export interface Manifest extends ManifestReads, Disposable {
  /** So many pages are pressed at once, so that a manifest that is far away isn't asked more often than it is worth. */
  readonly pressedAtOnce: { readonly least: number; readonly most: number };
  /**
   * `isDurable`: the commit, and all before it, survive a power failure too. `asked`: what `work` will ask for.
   *
   * @throws RekilnError with disposition `retry` also where a manifest that is far away didn't answer to the commit: then all or nothing of it is there
   */
  transact<T>(work: (transaction: ManifestTransaction) => T, isDurable?: boolean, asked?: Asked): T;
  /** Asks for many things at once. */
  look(asked: Asked): ManifestLook;
  readonly left: LeftPaths;
  readonly sitemaps: SitemapState;
  readonly sweep: SweepState;
  /** What a page has read, as it was recorded; nothing for a page without a row. */
  edgesOf(key: PageKey): readonly Edge[];
  /** A setting of the manifest itself. */
  meta(name: string): string | undefined;
  setMeta(name: string, value: string | undefined): void;
  /** Number of published pages. */
  count(): number;
  /** Keys of the pages of a route without an error that aren't at `verified`, in pieces. */
  unverified(route: string, verified: Verified): Iterable<readonly PageKey[]>;
  /** How pages are at `now` (Unix seconds). */
  states(now: number): PageStates;
  /** Pages with an error, those that have had it longest first, `limit` at most. */
  stalePages(limit: number): readonly StalePage[];
  /** Pages that failed, and pages that fell due at or before `now` (Unix seconds). */
  failedOrDue(now: number): readonly PageKey[];
  /** Whether a page has a ref, and whether one does that failed and kept its last good bytes. */
  useOf(ref: RefHash): { readonly isUsed: boolean; readonly isUsedByFailed: boolean };
  /**
   * Pages that fell due at or before `now` (Unix seconds), those first that have been due longest, `limit` at most. One whose stamp's time is
   * further ahead than clocks may be is due at once.
   */
  due(now: number, limit: number): readonly PageKey[];
  /** Keys of the pages of a route that were last verified in a version below this, also of those with an error, in pieces. */
  behind(route: string, version: number): Iterable<readonly PageKey[]>;
  /** Keys of the pages of a route, in pieces. */
  keysOf(route: string): Iterable<readonly PageKey[]>;
  /** What is published, in pieces. */
  stored(): Iterable<readonly StoredPage[]>;
  /** Routes that have pages. */
  routes(): readonly string[];
  /** Pairs of pages that claim one path though each has been published: found after a first build. */
  collidingPages(): readonly PageKey[];
  /** Before a first build: rows are only added, none is marked, and the indexes are made by `finishBulk`. */
  beginBulk(): void;
  /** In a first build, now and then: reads on in what was recorded, so that `finishBulk` has less to do. Writes nothing. */
  followBulk(): void;
  /** Makes the indexes; needed before anything but `record` of new pages. */
  finishBulk(): void;
  /** Brings indexes in order that many small changes have left loose. At the end of a build. */
  tidy(): void;
  copiedFiles(): readonly CopiedFile[];
  setCopiedFiles(put: readonly CopiedFile[], removed: readonly string[]): void;
}
