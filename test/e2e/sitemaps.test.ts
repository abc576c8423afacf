import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { readSitemap, readSitemapIndex } from "../support/read-sitemap.ts";
import type { SitemapEntry } from "../support/read-sitemap.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import { packageSite } from "./package-site.ts";

const FILMS = "https://films.example";

const bytesOf = (site: TemporarySite, name: string): Buffer => Buffer.from(site.read(`dist/${name}`));

/** The sitemaps of a built site, as a crawler finds them. */
function sitemapsOf(site: TemporarySite, url = FILMS): ReadonlyMap<string, readonly SitemapEntry[]> {
  const names = readSitemapIndex(bytesOf(site, "sitemap.xml"), url).map((address) => address.slice(url.length + 1));
  const found = site.files().filter((file) => file.startsWith("sitemap"));
  expect(found).toEqual(["sitemap.xml", ...names].toSorted());
  return new Map(names.map((name) => [name, readSitemap(bytesOf(site, name), url)]));
}

/** Where every page stands that belongs into a sitemap. */
function pagesOf(site: TemporarySite, url = FILMS): readonly string[] {
  const pages = site.files().filter((file) => file.endsWith(".html") && file !== "404.html");
  const encoded = (file: string): string => file.split("/").map(encodeURIComponent).join("/");
  return pages
    .map((file) => `${url}/${encoded(file.replace(/index\.html$/, ""))}`.replaceAll(/%(?:26|2B)/g, decodeURIComponent))
    .toSorted();
}

const locations = (sitemaps: ReadonlyMap<string, readonly SitemapEntry[]>): readonly string[] =>
  [...sitemaps.values()].flatMap((entries) => entries.map(({ loc }) => loc)).toSorted();

/** A film site whose films have days. */
function datedSite(count: number): TemporarySite {
  const site = filmSite(filmsOf(count));
  site.edit("rekiln.config.ts", 'template: "film",', 'template: "film",\n      updated: (film) => film.released,');
  return site;
}

test("every page that browsers show stands in a sitemap, with its day, and nothing else does", async () => {
  const site = datedSite(30);

  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 0, sitemaps: { files: 5, written: expect.any(Array), problems: [] } });
  const sitemaps = sitemapsOf(site);
  expect(locations(sitemaps)).toEqual(pagesOf(site));
  expect([...sitemaps.keys()]).toEqual(["film", "genre", "films", "home"].map((name) => `sitemap-${name}-1.xml`));
  const first = sitemaps.get("sitemap-film-1.xml")?.find(({ loc }) => loc.endsWith("/films/film-1/"));
  expect(first?.lastmod).toBe(filmOf(1).released);
  expect(sitemaps.get("sitemap-home-1.xml")).toEqual([{ loc: `${FILMS}/`, lastmod: undefined }]);
  const said = await rekiln(site.folder, "build");
  expect(said.stdout).toMatch(/^ {2}sitemaps {2}\d+ addresses in 5 files$/m);
});

test("sitemaps follow the changes, and equal those of a clean build byte by byte", async () => {
  const films = filmsOf(40);
  const site = datedSite(40);
  await build(site.folder);

  const edited = films.flatMap((film) => {
    if (film.id === "3") return [];
    if (film.id === "4") return [{ ...film, slug: "été & fils" }];
    if (film.id === "5") return [{ ...film, released: "2024-02-29" }];
    if (film.id === "6") return [{ ...film, draft: true }];
    if (film.id === "7") return [{ ...film, genres: ["new & other"] }];
    return film.id === "8" ? [{ ...film, title: "another" }] : [film];
  });
  site.records("film", [...edited, filmOf(41)]);
  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 0, removed: 2 });
  expect([...(built.sitemaps?.written ?? [])].toSorted()).toEqual(["sitemap-film-1.xml", "sitemap-genre-1.xml"]);
  const sitemaps = sitemapsOf(site);
  expect(locations(sitemaps)).toEqual(pagesOf(site));
  expect(locations(sitemaps)).toContain(`${FILMS}/films/%C3%A9t%C3%A9%20&%20fils/`);
  expect(sitemaps.get("sitemap-film-1.xml")?.find(({ loc }) => loc.endsWith("/film-5/"))?.lastmod).toBe("2024-02-29");
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
  for (const name of ["sitemap.xml", ...sitemaps.keys()]) {
    expect(Buffer.compare(bytesOf(site, name), bytesOf(clean, name)), name).toBe(0);
  }
  const marks = site.marks();
  expect(await build(site.folder)).toMatchObject({ sitemaps: { written: [], removed: [] } });
  expect(differences(marks, site.marks())).toEqual([]);
});

test("a dry run writes no sitemap, and neither does a build of one route; the next build does", async () => {
  const site = datedSite(5);
  expect(await build(site.folder, "--dry-run")).toMatchObject({ sitemaps: null });
  expect(site.files().filter((file) => file.startsWith("sitemap"))).toEqual([]);
  expect(await build(site.folder, "--route", "film")).toMatchObject({ sitemaps: null });
  expect(site.files().filter((file) => file.startsWith("sitemap"))).toEqual([]);
  await build(site.folder);
  site.records("film", [...filmsOf(5), filmOf(6)]);
  const marks = site.marks();
  await build(site.folder, "--dry-run");
  expect(differences(marks, site.marks())).toEqual([]);
  await build(site.folder, "--route", "film");
  expect(await build(site.folder)).toMatchObject({ sitemaps: { written: ["sitemap-film-1.xml"] } });
  expect(locations(sitemapsOf(site))).toEqual(pagesOf(site));
});

test("sitemaps are adopted when .rekiln/ was deleted, and follow routes, address and base", async () => {
  const site = datedSite(10);
  await build(site.folder);
  const marks = site.marks();
  rmSync(join(site.folder, ".rekiln"), { recursive: true });
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0, sitemaps: { written: [], problems: [] } });
  expect(differences(marks, site.marks())).toEqual([]);

  site.edit("rekiln.config.ts", 'url: "https://films.example"', 'url: "https://films.example/base"');
  site.edit("rekiln.config.ts", 'template: "genre",', 'template: "genre",\n      sitemap: false,');
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, sitemaps: { removed: ["sitemap-genre-1.xml"] } });
  const left = pagesOf(site, `${FILMS}/base`).filter((page) => !page.includes("/genres/"));
  expect(locations(sitemapsOf(site, `${FILMS}/base`))).toEqual(left);
});

test("a sitemap of the site's own wins, as a page and as a static file, and rekiln says so", async () => {
  const site = datedSite(10);
  await build(site.folder);
  site.edit("rekiln.config.ts", 'path: "/feed.xml"', 'path: "/sitemap.xml"');
  const asPage = await build(site.folder);
  expect(asPage).toMatchObject({ exitCode: 0, sitemaps: { files: 0, owner: { path: "/sitemap.xml", by: "feed" } } });
  expect(site.files().filter((file) => file.startsWith("sitemap"))).toEqual(["sitemap.xml"]);
  expect(site.read("dist/sitemap.xml")).toContain("<feed");
  const said = await rekiln(site.folder, "build");
  expect(said.stdout).toContain("  sitemaps  none: /sitemap.xml is the site's own (feed)\n");

  site.edit("rekiln.config.ts", 'path: "/sitemap.xml"', 'path: "/feed.xml"');
  await build(site.folder);
  expect(locations(sitemapsOf(site))).toEqual(pagesOf(site));

  site.write("static/sitemap.xml", "<urlset/>\n");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, sitemaps: { owner: { by: "static/sitemap.xml" } } });
  expect(site.read("dist/sitemap.xml")).toBe("<urlset/>\n");
  site.remove("static/sitemap.xml");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, sitemaps: { files: 5 } });
  site.write("static/sitemap.xml/in-a-folder.txt", "theirs\n");
  expect(await build(site.folder)).toMatchObject({
    exitCode: 0,
    sitemaps: { owner: { by: "static/sitemap.xml/in-a-folder.txt" } },
  });
  site.remove("static/sitemap.xml");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, sitemaps: { problems: [] } });
  expect(locations(sitemapsOf(site))).toEqual(pagesOf(site));
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
});

test("a stranger's sitemap in the store is reported, and left alone", async () => {
  const site = datedSite(3);
  await build(site.folder);
  renameSync(join(site.folder, "dist"), join(site.folder, "before"));
  site.write("dist/sitemap.xml", "theirs\n");
  const built = await build(site.folder);
  expect(built.exitCode).toBe(1);
  expect(built.stderr).toContain("sitemap.xml in the store is a file that rekiln didn't write");
  expect(site.read("dist/sitemap.xml")).toBe("theirs\n");
  expect(await build(site.folder, "--force")).toMatchObject({ exitCode: 0 });
  expect(locations(sitemapsOf(site))).toEqual(pagesOf(site));
});

test("a day that is none is the error of its page", async () => {
  const site = datedSite(3);
  site.edit(
    "rekiln.config.ts",
    "updated: (film) => film.released",
    'updated: (film) => film.id === "2" ? "soon" : film.released',
  );
  const built = await build(site.folder);
  expect(built).toMatchObject({ exitCode: 1, failed: 1 });
  expect(built.errors[0]).toBe(
    'film/2: routes.film.updated returned "soon", which is no ISO date. Return a date ("2024-05-01"), a date-time with its time zone ("2024-05-01T12:00:00Z"), or undefined; updated can\'t be async.',
  );
  expect(locations(sitemapsOf(site))).toEqual(pagesOf(site));
});

test("the package catalogue has sitemaps of all its pages", { timeout: 60_000 }, async () => {
  const site = packageSite();
  await build(site.folder);
  const sitemaps = sitemapsOf(site, "https://packages.example");
  const own = site.files().filter((file) => file.startsWith("search/") && file.endsWith(".html"));
  expect(own).toEqual([]);
  const found = locations(sitemaps);
  expect(found).toHaveLength(pagesOf(site).length);
  const decoded = found.map((loc) => decodeURIComponent(new URL(loc).pathname)).toSorted();
  expect(decoded).toEqual(
    pagesOf(site)
      .map((loc) => decodeURIComponent(new URL(loc).pathname))
      .toSorted(),
  );
});
