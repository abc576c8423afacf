import { extensionOf } from "./stamp.ts";

/** A content encoding that files have precompressed twins in. */
export type Encoding = "br" | "gzip";

/** In the order in which they are preferred. */
export const ENCODINGS: readonly Encoding[] = ["br", "gzip"];

const ENDS: Readonly<Record<Encoding, string>> = { br: ".br", gzip: ".gz" };

/** Formats that are text: all others are compressed already. */
const TEXT = new Set(
  "atom css csv geojson htm html ics js json jsonld map md mjs ndjson rss svg tsv txt vcf wasm webmanifest xhtml xml xsl yaml yml".split(
    " ",
  ),
);

/** Whether files of this name get twins. */
export function isCompressed(key: string): boolean {
  return TEXT.has(extensionOf(key));
}

/** Where the twin of a file stands: beside it, `index.html.br`. */
export function twinKey(key: string, encoding: Encoding): string {
  return key + ENDS[encoding];
}

/** Whether a key is named like a twin. */
export function isTwinKey(key: string): boolean {
  return ENCODINGS.some(
    (encoding) => key.endsWith(ENDS[encoding]) && isCompressed(key.slice(0, -ENDS[encoding].length)),
  );
}
