/** Some of the pages of a route: those whose slots (`slotOf`) are from `from` up to `to`, without it. */
export interface SlotRange {
  readonly route: string;
  readonly from: number;
  readonly to: number;
}

/** A published page as a sitemap has it. */
export interface ListedPage {
  readonly path: string;
  readonly lastmod: string | undefined;
}

/** What says that the sitemap of a slot's pages may be out of date. */
export interface SitemapMark {
  readonly route: string;
  readonly slot: number;
  /** Number of the last pass that had begun when it was set. */
  readonly pass: number;
}

/** A sitemap of rekiln's in the store. */
export interface SitemapFile {
  readonly objectKey: string;
  /** Undefined for the index. */
  readonly route: string | undefined;
  /** From 0. */
  readonly shard: number;
  /** Into how many shards its route was cut; 0 for the index, and for a file that is no longer wanted. */
  readonly shards: number;
  readonly addresses: number;
  /** Without its carrier. */
  readonly digest: string;
  /** `""` while it is being written for the first time. */
  readonly etag: string;
}

/** Within a transaction. */
export interface SitemapWrites {
  mark(route: string, slot: number): void;
  /**
   * Removes marks of a pass, but not those that were set anew since.
   * @returns false when one of their slots has no mark any more: another pass has written what belongs there
   */
  take(marks: readonly SitemapMark[]): boolean;
  files(): readonly SitemapFile[];
  /** Replaces the record of its object key. */
  put(file: SitemapFile): void;
  remove(objectKey: string): void;
}

export interface SitemapState {
  /** Number of published pages of a route. */
  count(route: string): number;
  /** The published pages of a range, by the UTF-8 bytes of their paths. Nothing may be written until the last one is read. */
  pages(range: SlotRange): Iterable<ListedPage>;
  /** The marks that are set. */
  marks(): readonly SitemapMark[];
  /** Begins a pass: gives the marks that are set. Those that are set from now on are other ones. */
  begin(): readonly SitemapMark[];
  files(): readonly SitemapFile[];
}
