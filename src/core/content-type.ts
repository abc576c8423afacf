const BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries({
    atom: "application/atom+xml; charset=utf-8",
    avif: "image/avif",
    bmp: "image/bmp",
    css: "text/css; charset=utf-8",
    csv: "text/csv; charset=utf-8",
    geojson: "application/geo+json; charset=utf-8",
    gif: "image/gif",
    gz: "application/gzip",
    htm: "text/html; charset=utf-8",
    html: "text/html; charset=utf-8",
    ico: "image/x-icon",
    ics: "text/calendar; charset=utf-8",
    jpeg: "image/jpeg",
    jpg: "image/jpeg",
    js: "text/javascript; charset=utf-8",
    json: "application/json; charset=utf-8",
    jsonld: "application/ld+json; charset=utf-8",
    map: "application/json; charset=utf-8",
    md: "text/markdown; charset=utf-8",
    mjs: "text/javascript; charset=utf-8",
    mp3: "audio/mpeg",
    mp4: "video/mp4",
    ndjson: "application/x-ndjson; charset=utf-8",
    ogg: "audio/ogg",
    otf: "font/otf",
    pdf: "application/pdf",
    png: "image/png",
    rss: "application/rss+xml; charset=utf-8",
    svg: "image/svg+xml; charset=utf-8",
    tsv: "text/tab-separated-values; charset=utf-8",
    ttf: "font/ttf",
    txt: "text/plain; charset=utf-8",
    vcf: "text/vcard; charset=utf-8",
    wasm: "application/wasm",
    wav: "audio/wav",
    webm: "video/webm",
    webmanifest: "application/manifest+json; charset=utf-8",
    webp: "image/webp",
    woff: "font/woff",
    woff2: "font/woff2",
    xhtml: "application/xhtml+xml; charset=utf-8",
    xml: "application/xml; charset=utf-8",
    xsl: "text/xsl; charset=utf-8",
    yaml: "application/yaml; charset=utf-8",
    yml: "application/yaml; charset=utf-8",
    zip: "application/zip",
  }),
);

/**
 * The `Content-Type` of an object key or a file name, by its extension in any case; text is UTF-8.
 * `application/octet-stream` when the extension is unknown or missing.
 */
export function contentTypeOf(key: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(key)?.[1]?.toLowerCase() ?? "";
  return BY_EXTENSION.get(extension) ?? "application/octet-stream";
}
