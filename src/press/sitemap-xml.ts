import type { ListedPage } from "../manifest/sitemap-state.ts";
import type { SitePath } from "../core/path.ts";
import { carrier } from "../core/stamp.ts";
import type { Carried } from "../core/stamp.ts";
import { encodePath } from "../site/path.ts";
import type { Site } from "../site/site.ts";

const NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9";
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const URLSET = `${DECLARATION}<urlset xmlns="${NAMESPACE}">\n`;
const URLSET_END = "</urlset>";
/** The schema's longest address. */
const ADDRESS_LENGTH_MAX = 2048;
const PIECE_LENGTH = 1 << 16;

/** What a sitemap may hold, by the protocol (sitemaps.org), with room for its carrier. */
export interface SitemapLimits {
  readonly addresses: number;
  readonly bytes: number;
}
export const SITEMAP_LIMITS: SitemapLimits = { addresses: 50_000, bytes: 50 * 1000 * 1000 };

/** No page key: these have no colon. */
const CARRIED_KEY = ":sitemap";
/** The same in every sitemap, so that one of the same pages has the same bytes. */
const CARRIER = carrier("xml", { epoch: 0, version: 0, time: 0 }, CARRIED_KEY);
/** The last bytes of a sitemap, by which it is known to be rekiln's own. */
export const SITEMAP_CARRIER: Uint8Array = Buffer.from(CARRIER);

export function isSitemap(carried: Carried | undefined): boolean {
  return carried?.key === CARRIED_KEY;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "'": "&apos;",
  '"': "&quot;",
  "<": "&lt;",
  ">": "&gt;",
};

function addressOf(site: Site, path: SitePath): string {
  const address = site.url + encodePath("", path);
  return /[&'"<>]/.test(address) ? address.replaceAll(/[&'"<>]/g, (character) => ENTITIES[character] ?? "") : address;
}

/** A page's entry; undefined when its address is longer than a sitemap may hold. All of it is ASCII. */
export function entryOf(site: Site, { path, lastmod }: ListedPage): string | undefined {
  // What is published was accepted by the path grammar.
  const address = addressOf(site, path as SitePath);
  if (address.length > ADDRESS_LENGTH_MAX) return undefined;
  return `<url><loc>${address}</loc>${lastmod === undefined ? "" : `<lastmod>${lastmod}</lastmod>`}</url>\n`;
}

/** The index of sitemaps at these paths, without its carrier. */
export function sitemapIndex(site: Site, paths: readonly SitePath[]): Uint8Array {
  const entries = paths.map((path) => `<sitemap><loc>${addressOf(site, path)}</loc></sitemap>\n`).join("");
  return Buffer.from(`${DECLARATION}<sitemapindex xmlns="${NAMESPACE}">\n${entries}</sitemapindex>`);
}

/** Entries that are cut into sitemaps as they come, so that none is too large. Only a piece is in memory at a time. */
export class SitemapParts {
  readonly #entries: Iterator<string>;
  readonly #limits: SitemapLimits;
  #next: string | undefined;
  /** Of the part that was last read. */
  addresses = 0;

  constructor(entries: Iterable<string>, limits: SitemapLimits) {
    this.#entries = entries[Symbol.iterator]();
    this.#limits = limits;
    this.#advance();
  }

  get hasMore(): boolean {
    return this.#next !== undefined;
  }

  #advance(): void {
    const { done, value } = this.#entries.next();
    this.#next = done === true ? undefined : value;
  }

  /** The bytes of the next part, without its carrier. Each part is read to its end before the next one. */
  *part(): Iterable<Uint8Array> {
    this.addresses = 0;
    let text = URLSET;
    let bytes = URLSET.length + URLSET_END.length + CARRIER.length;
    for (; this.#next !== undefined; this.#advance()) {
      bytes += this.#next.length;
      // One entry is always far below the limit.
      if (this.addresses === this.#limits.addresses || (bytes > this.#limits.bytes && this.addresses > 0)) break;
      this.addresses++;
      text += this.#next;
      if (text.length < PIECE_LENGTH) continue;
      yield Buffer.from(text, "latin1");
      text = "";
    }
    yield Buffer.from(text + URLSET_END, "latin1");
  }
}
