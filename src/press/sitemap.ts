import { setImmediate } from "node:timers/promises";

import { compareValues } from "../core/order.ts";
import { digestOf } from "../core/digest.ts";
import { SLOTS } from "../core/slot.ts";
import { claimRef } from "../core/ref.ts";
import type { Manifest, ManifestReads } from "../manifest/manifest.ts";
import type { SitemapFile, SitemapMark } from "../manifest/sitemap-state.ts";
import type { RouteModel, Site } from "../site/site.ts";
import type { PageStore } from "../store/store.ts";
import type { Assets } from "./assets.ts";
import type { WantedPath } from "./path-claims.ts";
import { SitemapFiles } from "./sitemap-files.ts";
import type { StagedSitemap } from "./sitemap-files.ts";
import { isListed, shardAt, SITEMAP_INDEX, sitemapAt, sitemapNames } from "./sitemap-names.ts";
import { ownerOfSitemap } from "./sitemap-owner.ts";
import { entryOf, SITEMAP_LIMITS, sitemapIndex, SitemapParts } from "./sitemap-xml.ts";
import type { SitemapLimits } from "./sitemap-xml.ts";
import type { StaticProblem } from "./static-files.ts";

/** How many pages a shard may have before its route is cut into twice as many. */
const SHARD_PAGES = 20_000;

export interface SitemapContext {
  readonly site: Site;
  readonly assets: Assets;
  readonly manifest: Manifest;
  readonly store: PageStore;
  /** `--force`: files that rekiln didn't write may be replaced. */
  readonly replacesForeign: boolean;
  readonly signal: AbortSignal;
  /** By default what the protocol allows, and 20,000 pages a shard. */
  readonly limits?: SitemapLimits & { readonly shardPages: number };
}

/** Something of the site's own that wants a sitemap's path. */
interface SitemapOwner {
  readonly path: string;
  /** `static/sitemap.xml`, or a page's key. */
  readonly by: string;
}

export interface SitemapReport {
  /** Sitemaps in the store, the index among them. */
  readonly files: number;
  readonly addresses: number;
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly problems: readonly StaticProblem[];
  /** When there is one, rekiln makes no sitemap. */
  readonly owner: SitemapOwner | undefined;
}

/** Into how many shards a route is cut: a function of the number of its pages, and of nothing else. */
export function shardsFor(pages: number, shardPages = SHARD_PAGES): number {
  let shards = 1;
  while (shards < SLOTS && pages > shards * shardPages) shards *= 2;
  return shards;
}

const underWay = new WeakMap<Manifest, Promise<unknown>>();

/**
 * Brings the sitemaps up to what is published: the shards that are marked, or all of them, then the index. Files whose
 * bytes are right aren't written. A pass that is asked for while one is under way begins when that one has ended.
 *
 * A mark goes in the transaction that puts its shard in place, so that what a killed pass left is done by the next one.
 */
export async function writeSitemaps(
  context: SitemapContext,
  options: { readonly all: boolean },
): Promise<SitemapReport> {
  const last = underWay.get(context.manifest) ?? Promise.resolve();
  const pass = last.then(async () => new SitemapPass(context).run(options.all));
  underWay.set(
    context.manifest,
    pass.catch(() => undefined),
  );
  return await pass;
}

class SitemapPass {
  readonly #context: SitemapContext;
  readonly #files: SitemapFiles;
  readonly #names: ReadonlyMap<string, string>;

  constructor(context: SitemapContext) {
    const { manifest, store, replacesForeign } = context;
    this.#context = context;
    this.#files = new SitemapFiles(manifest, store, replacesForeign);
    this.#names = sitemapNames(context.site);
  }

  async run(isAll: boolean): Promise<SitemapReport> {
    const { manifest } = this.#context;
    const owner = this.#ownerOfKnown() ?? (await this.#writeMarked(isAll));
    if (owner === undefined) {
      this.#writeIndex();
      this.#removeUnwanted();
    } else this.#stepAside();
    const files = manifest.sitemaps.files();
    const addresses = files.reduce((sum, file) => sum + file.addresses, 0);
    const { written, removed, problems } = this.#files;
    return { files: files.length, addresses, written, removed, problems, owner };
  }

  #ownerOf(
    at: WantedPath,
    manifest: Pick<ManifestReads, "dependants"> = this.#context.manifest,
  ): SitemapOwner | undefined {
    const { assets } = this.#context;
    const by = ownerOfSitemap(assets, manifest, at);
    return by === undefined ? undefined : { path: at.path, by };
  }

  #ownerOfKnown(): SitemapOwner | undefined {
    const places = this.#wanted().map(({ objectKey }) => sitemapAt(objectKey));
    const all = [SITEMAP_INDEX, ...places];
    const look = this.#context.manifest.look({ refs: all.map(({ collisionKey }) => claimRef(collisionKey)) });
    for (const at of all) {
      const owner = this.#ownerOf(at, look);
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  /** The shards that the index should name. */
  #wanted(all = this.#context.manifest.sitemaps.files()): readonly (SitemapFile & { readonly route: string })[] {
    const isWanted = (file: SitemapFile): file is SitemapFile & { readonly route: string } =>
      file.route !== undefined && file.shards > 0 && this.#names.has(file.route);
    return all.filter(isWanted);
  }

  /**
   * Marks what must be written for other reasons than a page's: other settings, another number of shards, a file that
   * someone altered.
   * @returns into how many shards each route that is marked is cut
   */
  #markMore(isAll: boolean): ReadonlyMap<string, number> {
    const { site, manifest, store, limits } = this.#context;
    const settings = JSON.stringify([1, site.url, [...this.#names]]);
    const isWhole = isAll || manifest.meta("sitemaps") !== settings;
    const files = this.#wanted();
    const etags = store.etags(files.map(({ objectKey }) => sitemapAt(objectKey).key));
    const marks = files
      .filter(({ etag }, place) => etags[place] !== etag)
      .map(({ route, shard, shards }) => ({ route, slot: firstSlot(shard, shards) }));
    const marked = [...manifest.sitemaps.marks(), ...marks].map(({ route }) => route);
    const counts = new Map<string, number>();
    const outdated: SitemapFile[] = [];
    for (const route of new Set(isWhole ? this.#names.keys() : marked)) {
      if (!this.#names.has(route)) continue;
      const count = shardsFor(manifest.sitemaps.count(route), limits?.shardPages);
      counts.set(route, count);
      const others = files.filter((file) => file.route === route && (isWhole || file.shards !== count));
      if (!isWhole && others.length === 0) continue;
      outdated.push(...others);
      for (let shard = 0; shard < count; shard++) marks.push({ route, slot: firstSlot(shard, count) });
    }
    if (marks.length + outdated.length > 0)
      manifest.transact((transaction) => {
        for (const { route, slot } of marks) transaction.sitemaps.mark(route, slot);
        // Unwanted until they are written again.
        for (const file of outdated) transaction.sitemaps.put({ ...file, shards: 0 });
      });
    if (isWhole) manifest.setMeta("sitemaps", settings);
    return counts;
  }

  /** @returns what stands in the way, if anything does */
  async #writeMarked(isAll: boolean): Promise<SitemapOwner | undefined> {
    const { site, manifest, signal } = this.#context;
    const counts = this.#markMore(isAll);
    for (const [name, marks] of Map.groupBy(manifest.sitemaps.begin(), ({ route }) => route)) {
      const route = site.routes.get(name);
      if (route?.isListed !== true) {
        manifest.transact((transaction) => transaction.sitemaps.take(marks));
        continue;
      }
      const shards = counts.get(name);
      // Its first mark was set a moment ago: the next pass comes to it.
      if (shards === undefined) continue;
      for (const [shard, ofShard] of Map.groupBy(marks, ({ slot }) => Math.floor(slot / (SLOTS / shards)))) {
        signal.throwIfAborted();
        const owner = await this.#writeShard({ route, shard, shards }, ofShard);
        if (owner !== undefined) return owner;
      }
    }
    return undefined;
  }

  /** The entries of a shard by their paths, read in pieces: a worker has other things to do meanwhile. What changes then is marked anew. */
  async #entriesOf({ route, shard, shards }: Shard): Promise<readonly string[]> {
    const { site, manifest, signal } = this.#context;
    const found: { readonly path: string; readonly entry: string }[] = [];
    const end = firstSlot(shard + 1, shards);
    const pieces = shardsFor(manifest.sitemaps.count(route.name), PIECE_PAGES);
    const step = SLOTS / Math.max(shards, pieces);
    for (let from = firstSlot(shard, shards); from < end; from += step) {
      for (const page of manifest.sitemaps.pages({ route: route.name, from, to: from + step })) {
        const entry = isListed(route, page.path) ? entryOf(site, page) : undefined;
        if (entry !== undefined) found.push({ path: page.path, entry });
      }
      await setImmediate();
      signal.throwIfAborted();
    }
    return found.sort((left, right) => compareValues(left.path, right.path)).map(({ entry }) => entry);
  }

  async #writeShard(of: Shard, marks: readonly SitemapMark[]): Promise<SitemapOwner | undefined> {
    const { limits = SITEMAP_LIMITS } = this.#context;
    const { route, shard, shards } = of;
    const parts = new SitemapParts(await this.#entriesOf(of), limits);
    const sitemaps: StagedSitemap[] = [];
    let owner: SitemapOwner | undefined;
    try {
      while (parts.hasMore) {
        const at = shardAt(this.#names.get(route.name) ?? "", shard, sitemaps.length);
        owner ??= this.#ownerOf(at);
        const { staged, digest } = this.#files.stage(at.key, parts.part());
        const file = { objectKey: at.key, route: route.name, shard, shards, addresses: parts.addresses, digest };
        sitemaps.push({ file, staged });
      }
      const keys = new Set<string>(sitemaps.map(({ file }) => file.objectKey));
      if (owner === undefined) {
        this.#files.put(sitemaps, (transaction) => {
          // Without them another pass has written the shard, from rows that are newer.
          if (!transaction.sitemaps.take(marks)) return false;
          for (const file of transaction.sitemaps.files()) {
            const isPart = file.route === route.name && file.shards === shards && file.shard === shard;
            if (isPart && !keys.has(file.objectKey)) transaction.sitemaps.put({ ...file, shards: 0 });
          }
          return true;
        });
      }
    } finally {
      this.#files.discard(sitemaps);
    }
    return owner;
  }

  #writeIndex(): void {
    const { site, manifest, store } = this.#context;
    const order = new Map([...this.#names.keys()].map((name, place) => [name, place]));
    const all = manifest.sitemaps.files();
    const files = this.#wanted(all).toSorted(
      (left, right) =>
        (order.get(left.route) ?? 0) - (order.get(right.route) ?? 0) ||
        left.shard - right.shard ||
        // The tenth part comes after the ninth.
        left.objectKey.length - right.objectKey.length ||
        (left.objectKey < right.objectKey ? -1 : 1),
    );
    if (files.length === 0) return;
    const content = sitemapIndex(
      site,
      files.map(({ objectKey }) => sitemapAt(objectKey).path),
    );
    const { key } = SITEMAP_INDEX;
    const before = all.find(({ objectKey }) => objectKey === key);
    if (before?.digest === digestOf(content) && before.etag === store.etag(key)) return;
    const { staged, digest } = this.#files.stage(key, [content]);
    const file = { objectKey: key, route: undefined, shard: 0, shards: 0, addresses: 0, digest };
    try {
      this.#files.put([{ file, staged }], () => true);
    } finally {
      this.#files.discard([{ file, staged }]);
    }
  }

  /** What the index doesn't name any more goes once that is written, and so does an index that would name nothing. */
  #removeUnwanted(): void {
    const all = this.#context.manifest.sitemaps.files();
    const wanted = new Set<string>(this.#wanted(all).map(({ objectKey }) => objectKey));
    if (wanted.size > 0) wanted.add(SITEMAP_INDEX.key);
    this.#files.remove(all.filter(({ objectKey }) => !wanted.has(objectKey)));
  }

  /** There is none of ours beside one of the site's own. When that goes, all are written anew. */
  #stepAside(): void {
    const { manifest } = this.#context;
    manifest.setMeta("sitemaps", undefined);
    const marks = manifest.sitemaps.begin();
    manifest.transact((transaction) => transaction.sitemaps.take(marks));
    this.#files.remove(manifest.sitemaps.files());
  }
}

/** Pages that are read at once: a few milliseconds. */
const PIECE_PAGES = 500;

interface Shard {
  readonly route: RouteModel;
  readonly shard: number;
  readonly shards: number;
}

const firstSlot = (shard: number, shards: number): number => shard * (SLOTS / shards);
