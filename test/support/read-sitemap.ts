const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9";
/** Character data with the five entities of XML and nothing else that means anything. */
const TEXT = /^(?:[^<>&"']|&(?:amp|lt|gt|quot|apos);)+$/;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** `xsd:date` and `xsd:dateTime` with a time zone. */
const LASTMOD = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/;

export interface SitemapEntry {
  readonly loc: string;
  readonly lastmod: string | undefined;
}

class Reader {
  readonly #text: string;
  #place = 0;

  constructor(text: string) {
    this.#text = text;
  }

  skips(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#place)) return false;
    this.#place += literal.length;
    return true;
  }

  expect(literal: string): void {
    if (!this.skips(literal)) throw new Error(`no ${literal} at ${this.#text.slice(this.#place, this.#place + 80)}`);
  }

  /** The character data up to a tag. */
  until(tag: string): string {
    const end = this.#text.indexOf(tag, this.#place);
    const text = this.#text.slice(this.#place, end);
    if (end < 0 || !TEXT.test(text)) throw new Error(`no text before ${tag}: ${text.slice(0, 80)}`);
    this.#place = end + tag.length;
    return text.replaceAll(/&([a-z]+);/g, (_, name: string) => ENTITIES[name] ?? "");
  }

  /** A comment, and nothing more. */
  end(): void {
    const rest = this.#text.slice(this.#place);
    const comment = /^\n<!--([^]*)-->\n$/.exec(rest)?.[1];
    if (comment === undefined || comment.includes("--") || comment.endsWith("-")) throw new Error(`ends in ${rest}`);
  }
}

/** What a URL must be in a sitemap: absolute, as browsers write it, and neither too short nor too long for the schema. */
function checkAddress(address: string, below: string): void {
  if (address.length < 12 || address.length > 2048) throw new Error(`the schema refuses ${address.length} characters`);
  if (!address.startsWith(below)) throw new Error(`${address} isn't below ${below}`);
  // The URL Standard leaves these two as they are, RFC 3986 doesn't.
  const { href } = new URL(address);
  if (href !== address || /[^!-~]|[|^`{}\\]/.test(address)) throw new Error(`${address} isn't written as ${href}`);
}

function readAll(bytes: Uint8Array, root: string, item: string, below: string): readonly SitemapEntry[] {
  if (bytes.length > 50_000_000) throw new Error(`${bytes.length} bytes`);
  const reader = new Reader(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  reader.expect(`${DECLARATION}<${root} xmlns="${NAMESPACE}">\n`);
  const entries: SitemapEntry[] = [];
  while (reader.skips(`<${item}>`)) {
    reader.expect("<loc>");
    const loc = reader.until("</loc>");
    checkAddress(loc, below);
    const lastmod = item === "url" && reader.skips("<lastmod>") ? reader.until("</lastmod>") : undefined;
    if (lastmod !== undefined && (!LASTMOD.test(lastmod) || Number.isNaN(Date.parse(lastmod)))) {
      throw new Error(`lastmod ${lastmod}`);
    }
    reader.expect(`</${item}>\n`);
    entries.push({ loc, lastmod });
  }
  reader.expect(`</${root}>`);
  reader.end();
  if (entries.length === 0 || entries.length > 50_000) throw new Error(`${entries.length} entries`);
  if (new Set(entries.map(({ loc }) => loc)).size < entries.length) throw new Error("an address stands there twice");
  return entries;
}

/** Reads a sitemap as strictly as the schema of sitemaps.org is; it only takes what rekiln may write. */
export function readSitemap(bytes: Uint8Array, below: string): readonly SitemapEntry[] {
  return readAll(bytes, "urlset", "url", below);
}

/** The addresses of the sitemaps that an index names. */
export function readSitemapIndex(bytes: Uint8Array, below: string): readonly string[] {
  return readAll(bytes, "sitemapindex", "sitemap", below).map(({ loc }) => loc);
}
