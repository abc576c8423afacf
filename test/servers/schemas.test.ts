import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { TemporarySite } from "../support/temporary-site.ts";

const XMLLINT = "xmllint";
const ROOT = fileURLToPath(new URL("../../", import.meta.url.split("?")[0]));
const SCHEMAS = join(ROOT, "test/support/schemas");
const STARTERS = readdirSync(join(ROOT, "templates")).filter((name) =>
  existsSync(join(ROOT, "templates", name, "rekiln.config.ts")),
);

/** What is wrong with an XML document by the schema of its kind: nothing, or what xmllint says. */
function problemOf(xml: string): string {
  const root = /<(feed|rss|urlset|sitemapindex)[\s>]/.exec(xml)?.[1];
  if (root === undefined) return "no feed and no sitemap";
  const by =
    root === "feed"
      ? ["--relaxng", join(SCHEMAS, "atom.rng")]
      : root === "rss"
        ? ["--relaxng", join(SCHEMAS, "rss.rng")]
        : ["--schema", join(SCHEMAS, "sitemap.xsd")];
  const checked = spawnSync(XMLLINT, ["--nonet", "--noout", ...by, "-"], { input: xml, encoding: "utf8" });
  if (checked.error !== undefined) throw new Error("xmllint isn't here: apt-get install libxml2-utils");
  return checked.status === 0 ? "" : checked.stderr;
}

test.each(STARTERS)(
  "the feeds and sitemaps of %s are valid, with absolute addresses and dates",
  { timeout: 120_000 },
  async (name) => {
    const site = new TemporarySite();
    cpSync(join(ROOT, "templates", name), site.folder, { recursive: true });
    expect(await build(site.folder)).toMatchObject({ failed: 0 });
    const documents = site.files().filter((file) => file.endsWith(".xml"));
    expect(documents).toEqual(expect.arrayContaining(["feed.xml", "sitemap.xml"]));
    for (const file of documents)
      expect({ file, problem: problemOf(site.read(`dist/${file}`)) }).toEqual({ file, problem: "" });
    const home = site.read("dist/index.html");
    expect(home).toMatch(/<link rel="canonical" href="https:\/\/[^"]+\/">/);
    expect(site.read("dist/404.html")).not.toContain('rel="canonical"');
  },
);

const entry = (inner: string): string =>
  `<feed xmlns="http://www.w3.org/2005/Atom"><id>https://a.example/f</id><title>t</title><updated>2024-01-01T00:00:00Z</updated><link href="https://a.example/"/>${inner}</feed>`;
const rss = (inner: string): string =>
  `<rss version="2.0"><channel><title>t</title><link>https://a.example/</link><description>d</description>${inner}</channel></rss>`;
const urls = (inner: string): string =>
  `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url>${inner}</url></urlset>`;

test.each([
  entry(
    '<entry><id>https://a.example/1</id><title>a</title><updated>2024-01-01T00:00:00+01:00</updated><link href="https://a.example/1"/></entry>',
  ),
  rss(
    "<item><title>a</title><link>https://a.example/1</link><guid>1</guid><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate></item>",
  ),
  urls("<loc>https://a.example/</loc><lastmod>2024-01-01</lastmod>"),
])("the schemas take %s", (xml) => {
  expect(problemOf(xml)).toBe("");
});

test.each([
  entry(
    '<entry><id>https://a.example/1</id><title>a</title><updated>2024-01-01</updated><link href="https://a.example/1"/></entry>',
  ),
  entry(
    '<entry><id>https://a.example/1</id><title>a</title><updated>2024-01-01T00:00:00Z</updated><link href="/1"/></entry>',
  ),
  entry('<entry><title>a</title><updated>2024-01-01T00:00:00Z</updated><link href="https://a.example/1"/></entry>'),
  entry("<entry/>"),
  rss("<item><title>a</title><link>/1</link><guid>1</guid></item>"),
  rss("<item><title>a</title><link>https://a.example/1</link><guid>1</guid><pubDate>2024-01-01</pubDate></item>"),
  urls("<loc>/films/</loc>"),
  urls("<loc>https://a.example/</loc><lastmod>yesterday</lastmod>"),
  urls("<lastmod>2024-01-01</lastmod><loc>https://a.example/</loc>"),
])("the schemas refuse %s", (xml) => {
  expect(problemOf(xml)).not.toBe("");
});
