import { RunningDigest } from "../core/digest.ts";
import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Manifest, ManifestTransaction } from "../manifest/manifest.ts";
import type { SitemapFile } from "../manifest/sitemap-state.ts";
import type { PageStore, Staged } from "../store/store.ts";
import { wantedOf } from "./path-claims.ts";
import { isRedirectKey } from "./redirect-page.ts";
import { sitemapAt } from "./sitemap-names.ts";
import { isSitemap, SITEMAP_CARRIER } from "./sitemap-xml.ts";
import type { StaticProblem } from "./static-files.ts";

/** A sitemap whose bytes wait beside their place. */
export interface StagedSitemap {
  readonly file: Omit<SitemapFile, "etag">;
  readonly staged: Staged;
}

/** Puts sitemaps into the store and takes them out, and keeps the manifest's rows of them. */
export class SitemapFiles {
  readonly #manifest: Manifest;
  readonly #store: PageStore;
  readonly #replacesForeign: boolean;
  readonly written: string[] = [];
  readonly removed: string[] = [];
  readonly problems: StaticProblem[] = [];

  constructor(manifest: Manifest, store: PageStore, replacesForeign: boolean) {
    this.#manifest = manifest;
    this.#store = store;
    this.#replacesForeign = replacesForeign;
  }

  /** `content` without a carrier; its digest is of that too. */
  stage(key: ObjectKey, content: Iterable<Uint8Array>): { readonly staged: Staged; readonly digest: string } {
    const digest = new RunningDigest();
    const staged = this.#store.stagePieces(key, withCarrier(digest.digested(content)));
    return { staged, digest: digest.end() };
  }

  discard(sitemaps: readonly StagedSitemap[]): void {
    for (const { staged } of sitemaps) this.#store.discard(staged);
  }

  /**
   * Puts staged sitemaps in their places, all in one transaction, unless `isDue`, which is asked in it, says no.
   * Something in the way that isn't rekiln's is a problem, and then none is put.
   */
  put(sitemaps: readonly StagedSitemap[], isDue: (transaction: ManifestTransaction) => boolean): void {
    const known = new Map(this.#manifest.sitemaps.files().map((file) => [file.objectKey, file]));
    for (const { file } of sitemaps) if (this.#isForeign(file.objectKey, known.get(file.objectKey))) return;
    // Noted before it is there, so that it is known for rekiln's own if this process is killed.
    const added = sitemaps.filter(({ file }) => !known.has(file.objectKey));
    if (added.length > 0) {
      this.#manifest.transact((transaction) => {
        for (const { file } of added) transaction.sitemaps.put({ ...file, shards: 0, addresses: 0, etag: "" });
      });
    }
    try {
      const written = this.#manifest.transact((transaction) =>
        isDue(transaction) ? sitemaps.filter((sitemap) => this.#replace(sitemap, transaction)) : [],
      );
      this.written.push(...written.map(({ file }) => file.objectKey));
    } catch (error) {
      if (!(error instanceof RekilnError) || error.code !== "store-blocked") throw error;
      this.problems.push({ file: sitemaps[0]?.file.objectKey ?? "", message: `${error.message} ${error.hint ?? ""}` });
    }
  }

  #isForeign(objectKey: string, known: SitemapFile | undefined): boolean {
    if (this.#replacesForeign || (known !== undefined && known.etag !== "")) return false;
    const stored = this.#store.read(keyOf(objectKey));
    if (stored === undefined || stored.carried !== undefined) return false;
    const message = `${objectKey} in the store is a file that rekiln didn't write: move it away, or replace it with --force`;
    this.problems.push({ file: objectKey, message });
    return true;
  }

  /** A path that a page has left, and where no other page came, is a sitemap's: no tombstone or redirect stays there. */
  #clear(objectKey: string, { left }: ManifestTransaction): void {
    const { collisionKey } = sitemapAt(objectKey);
    for (const record of [left.at(collisionKey), ...left.below(collisionKey)]) {
      if (record === undefined) continue;
      const key = wantedOf(record.path)?.key;
      const carried = key === undefined || key === objectKey ? undefined : this.#store.read(key)?.carried;
      if (key !== undefined && carried !== undefined && isRedirectKey(carried.key)) this.#store.remove(key);
      left.remove(record.collisionKey);
    }
  }

  /** @returns whether it was written: its bytes may be there already */
  #replace({ file, staged }: StagedSitemap, transaction: ManifestTransaction): boolean {
    this.#clear(file.objectKey, transaction);
    const etag = this.#store.etag(staged.key);
    const before = transaction.sitemaps.files().find(({ objectKey }) => objectKey === file.objectKey);
    let isRight = false;
    if (etag !== undefined && before?.etag === etag) isRight = before.digest === file.digest;
    else if (etag !== undefined) {
      const stored = this.#store.read(staged.key);
      isRight = isSitemap(stored?.carried) && stored?.digest === file.digest;
    }
    transaction.sitemaps.put({ ...file, etag: isRight && etag !== undefined ? etag : this.#store.replace(staged) });
    return !isRight;
  }

  /** Takes sitemaps out of the store, but for what stands there now if it isn't rekiln's, and forgets them. */
  remove(files: readonly SitemapFile[]): void {
    if (files.length === 0) return;
    this.#manifest.transact((transaction) => {
      for (const { objectKey, etag } of files) {
        const key = keyOf(objectKey);
        const stored = this.#store.etag(key);
        if (stored !== undefined && (stored === etag || isSitemap(this.#store.read(key)?.carried))) {
          this.#store.remove(key);
          this.removed.push(objectKey);
        }
        transaction.sitemaps.remove(objectKey);
      }
    });
  }
}

/** Only a row makes keys here, and it was given one. */
const keyOf = (objectKey: string): ObjectKey => objectKey as ObjectKey;

function* withCarrier(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  yield* pieces;
  yield SITEMAP_CARRIER;
}
