import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import type { LeftPaths } from "./left-paths.ts";
import type {
  Asked,
  CopiedFile,
  Dependant,
  Edge,
  Manifest,
  ManifestLook,
  ManifestTransaction,
  PageRow,
  PageStates,
  StalePage,
  StoredPage,
  Verified,
} from "./manifest.ts";
import type { PostgresChannel } from "./postgres-channel.ts";
import { PostgresLeftPaths } from "./postgres-left-paths.ts";
import { PostgresQueries } from "./postgres-queries.ts";
import { PostgresReads } from "./postgres-reads.ts";
import type { PostgresLink } from "./postgres-reads.ts";
import { PostgresSite } from "./postgres-site.ts";
import type { SiteAddress } from "./postgres-site.ts";
import { countListed, filesOf, listedPages, marksBefore } from "./postgres-sitemaps.ts";
import { PostgresSweep } from "./postgres-sweep.ts";
import type { PostgresTransaction } from "./postgres-transaction.ts";
import type { SitemapState } from "./sitemap-state.ts";

/** A manifest in Postgres, for any number of processes on any number of machines. */
export class PostgresManifest implements Manifest {
  /** Each press of some pages costs about five round trips, however many they are. */
  readonly pressedAtOnce = { least: 100, most: 128 };
  readonly left: LeftPaths;
  readonly sitemaps: SitemapState;
  readonly sweep: PostgresSweep;
  readonly #site: PostgresSite;
  readonly #queries: PostgresQueries;
  #transaction: PostgresTransaction | undefined;

  /**
   * @param address of a site that was found or made by `findSite` or `makeSite`
   */
  constructor(channel: PostgresChannel, address: SiteAddress) {
    this.#site = new PostgresSite(channel, address);
    const link = (): PostgresLink => this.#link;
    this.#queries = new PostgresQueries(link);
    this.left = new PostgresLeftPaths(link, () => this.#reads());
    this.sitemaps = {
      count: (route) => countListed(link(), route),
      pages: (range) => listedPages(link(), range),
      marks: () => marksBefore(link()),
      begin: () => this.#write(({ sitemaps }) => sitemaps.begin()),
      files: () => filesOf(link()),
    };
    this.sweep = new PostgresSweep({
      link: {
        table: this.#site.link.table,
        site: this.#site.link.site,
        rows: (...statements) => this.#link.rows(...statements),
      },
      write: (work) => this.#write((transaction) => work(transaction.writes, transaction.link)),
    });
  }

  /** How often the server was asked. */
  get roundTrips(): number {
    return this.#site.roundTrips;
  }

  get #link(): PostgresLink {
    return this.#transaction?.link ?? this.#site.link;
  }

  /** Without a transaction others write meanwhile: nothing is known for longer than one answer. */
  #reads(): PostgresReads {
    return this.#transaction?.reads ?? new PostgresReads(this.#site.link);
  }

  /** In the current transaction, or in one of its own. */
  #write<T>(work: (transaction: PostgresTransaction) => T): T {
    return this.#transaction === undefined ? this.#transact(work, false, {}) : work(this.#transaction);
  }

  transact<T>(work: (transaction: ManifestTransaction) => T, isDurable = false, asked: Asked = {}): T {
    return this.#transact(work, isDurable, asked);
  }

  #transact<T>(work: (transaction: PostgresTransaction) => T, isDurable: boolean, asked: Asked): T {
    if (this.#transaction !== undefined) throw new Error("a transaction within a transaction");
    return this.#site.transact(
      (transaction) => {
        this.#transaction = transaction;
        try {
          return work(transaction);
        } finally {
          this.#transaction = undefined;
        }
      },
      isDurable,
      asked,
    );
  }

  look(asked: Asked): ManifestLook {
    const reads = this.#reads();
    reads.ask(asked);
    return reads;
  }

  page(key: PageKey): PageRow | undefined {
    return this.#reads().page(key);
  }

  pagesOf(first: PageKey): readonly PageRow[] {
    return this.#reads().pagesOf(first);
  }

  dependants(ref: RefHash): Iterable<Dependant> {
    return this.#reads().dependants(ref);
  }

  intendedPaths(key: PageKey): readonly string[] {
    return this.#reads().intendedPaths(key);
  }

  newestIntent(key: PageKey): number {
    return this.#reads().newestIntent(key);
  }

  floor(): number {
    return this.#reads().floor();
  }

  edgesOf(key: PageKey): readonly Edge[] {
    return this.#queries.edgesOf(key);
  }

  meta(name: string): string | undefined {
    return this.#reads().meta(name);
  }

  setMeta(name: string, value: string | undefined): void {
    this.#write((transaction) => transaction.setMeta(name, value));
  }

  count(): number {
    return this.#queries.count();
  }

  unverified(route: string, verified: Verified): Iterable<readonly PageKey[]> {
    return this.#queries.unverified(route, verified);
  }

  behind(route: string, version: number): Iterable<readonly PageKey[]> {
    return this.#queries.behind(route, version);
  }

  keysOf(route: string): Iterable<readonly PageKey[]> {
    return this.#queries.keysOf(route);
  }

  states(now: number): PageStates {
    return this.#queries.states(now);
  }

  stalePages(limit: number): readonly StalePage[] {
    return this.#queries.stalePages(limit);
  }

  failedOrDue(now: number): readonly PageKey[] {
    return this.#queries.failedOrDue(now);
  }

  due(now: number, limit: number): readonly PageKey[] {
    return this.#queries.due(now, limit);
  }

  useOf(ref: RefHash): { readonly isUsed: boolean; readonly isUsedByFailed: boolean } {
    return this.#queries.useOf(ref);
  }

  stored(): Iterable<readonly StoredPage[]> {
    return this.#queries.stored();
  }

  routes(): readonly string[] {
    return this.#queries.routes();
  }

  collidingPages(): readonly PageKey[] {
    return this.#queries.collidingPages();
  }

  beginBulk(): void {
    this.setMeta("bulk", "1");
  }

  followBulk(): void {
    // Its indexes grow with its rows.
  }

  finishBulk(): void {
    this.setMeta("bulk", undefined);
    this.#site.analyze();
  }

  tidy(): void {
    // The server does so by itself.
  }

  copiedFiles(): readonly CopiedFile[] {
    return this.#queries.copiedFiles();
  }

  setCopiedFiles(put: readonly CopiedFile[], removed: readonly string[]): void {
    this.#write(({ writes }) => {
      for (const statement of this.#queries.copying(put, removed)) writes.other(statement);
    });
  }

  [Symbol.dispose](): void {
    this.#site[Symbol.dispose]();
  }
}
