/** What a template writes, and so how its values are escaped. */
export type TemplateKind = "HTML" | "XML" | "JSON or JavaScript" | "CSS" | "plain text";

const KINDS: ReadonlyMap<string, TemplateKind> = new Map<string, TemplateKind>([
  ...["html", "htm", "shtml"].map((extension) => [extension, "HTML"] as const),
  ...["xml", "svg", "rss", "atom", "opml", "xhtml", "xht", "xsl", "xslt", "kml", "gpx"].map(
    (extension) => [extension, "XML"] as const,
  ),
  ...["json", "webmanifest", "geojson", "jsonld", "js", "mjs", "cjs"].map(
    (extension) => [extension, "JSON or JavaScript"] as const,
  ),
  ["css", "CSS"],
]);

/**
 * The kind by the extension of the template's name: `feed.xml` is XML, `robots.txt` plain text, in which nothing is escaped. A name without
 * extension (`film`, `404`) is HTML, and so is one whose last part begins with a digit (`page-1.2`).
 */
export function templateKind(name: string): TemplateKind {
  const extension = /\.([a-z][a-z0-9]*)$/i.exec(name)?.[1]?.toLowerCase();
  return extension === undefined ? "HTML" : (KINDS.get(extension) ?? "plain text");
}
