import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";
import { z } from "zod";

import { htmlFilesBelow, validateHtml } from "../../scripts/validate-html.ts";
import { build } from "../support/cli.ts";
import { deadLinks } from "../support/dead-links.ts";
import { starterSite } from "./starter-site.ts";

test("the starter builds into valid, accessible pages, and its draft into none", { timeout: 60_000 }, async () => {
  const site = starterSite();
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, failed: 0, errors: [], collided: {} });
  const { dead, links } = deadLinks(site, "https://example.com");
  expect(dead).toEqual([]);
  expect(links).toBeGreaterThan(500);
  const problems = await validateHtml(await htmlFilesBelow(join(site.folder, "dist")));
  expect(problems.map(({ file, line, rule, message }) => `${file}:${line} ${rule}: ${message}`)).toEqual([]);

  const files = site.files();
  expect(files).toEqual(
    expect.arrayContaining(["bodies/3/index.html", "tags/naked-eye/index.html", "404.html", "sitemap.xml"]),
  );
  expect(files.some((file) => file.includes("haumea"))).toBe(false);
  for (const file of files.filter((name) => name.endsWith(".html"))) {
    const address = `https://example.com/${file.replace(/(^|\/)index\.html$/, "$1")}`;
    const canonical = `<link rel="canonical" href="${address}">`;
    expect(site.read(`dist/${file}`).includes(canonical), file).toBe(file !== "404.html");
    expect(site.read(`dist/${file}`)).not.toContain("Haumea");
  }
  const feed = site.read("dist/feed.xml");
  expect(feed.match(/<entry>/g)).toHaveLength(20);
  expect(feed).toContain('<link href="https://example.com/bodies/charon/"/>\n<updated>2025-08-15T00:00:00Z</updated>');
  expect(site.read("dist/sitemap-body-1.xml")).toContain("<lastmod>2025-01-24</lastmod>");

  // An edit of one text is on its page and in the feed, and nowhere else.
  site.edit("data/body.ndjson", "Half as wide as Pluto.", "More than half as wide as Pluto.");
  site.edit("data/body.ndjson", "had a bump in some", "had a *bump* in some");
  expect((await build(site.folder)).pressed).toBeLessThan(12);
  expect(site.read("dist/bodies/charon/index.html")).toContain("<em>bump</em>");

  site.edit("data/body.ndjson", ', "draft": true', "");
  await build(site.folder);
  expect(site.files()).toContain("bodies/haumea/index.html");
  expect(site.read("dist/feed.xml")).toContain("<title>Haumea</title>");
});

test("Markdown in a field makes no markup of its own, and no address that runs", { timeout: 60_000 }, async () => {
  const site = starterSite();
  const text = [
    "<script>alert(1)</script> <img src=x onerror=alert(2)>",
    "[a](javascript:alert(3)) [b](JaVaScRiPt:alert(4)) [c](data:text/html,x) ![d](vbscript:x) <javascript:alert(5)>",
    '[e](https://example.com/"onmouseover=alert(6)) [f](/ok/ "t\\" onclick=alert(7)")',
    "```html\n</code></pre><script>alert(8)</script>\n```",
  ].join("\n\n");
  const line = JSON.stringify(text).slice(1, -1);
  site.edit("data/body.ndjson", "Seven tenths of Earth are under water.", line);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0 });
  const page = site.read("dist/bodies/earth/index.html");
  const prose = page.slice(page.indexOf('<div class="prose">'), page.indexOf("<aside"));
  expect(prose).toContain("&lt;script&gt;alert(1)");
  const tags = prose.match(/<[^>]*>/g) ?? [];
  const isHostile = (tag: string): boolean =>
    /<(?:script|img)|="(?:javascript|vbscript|data):/i.test(tag) || /\son\w+=/i.test(tag.replaceAll(/"[^"]*"/g, '""'));
  expect(tags.filter(isHostile)).toEqual([]);
  expect(prose).toContain('<a href="/ok/" title="t&quot; onclick=alert(7)">f</a>');
});

test("the templates ask for the packages that rekiln is tested with", () => {
  const File = z.object({
    version: z.string().optional(),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()).default({}),
  });
  const read = (file: string) => File.parse(JSON.parse(readFileSync(join(import.meta.dirname, "../..", file), "utf8")));
  const own = read("package.json");
  const versions: Readonly<Record<string, string>> = {
    ...own.devDependencies,
    ...own.dependencies,
    rekiln: `^${own.version}`,
  };
  for (const template of ["starter", "packages"]) {
    const { dependencies } = read(`templates/${template}/package.json`);
    for (const [name, version] of Object.entries(dependencies)) expect(version, name).toBe(versions[name]);
  }
});
