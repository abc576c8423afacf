import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { differences, isSitemapFile } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";

/** Builds an edited site: the files that are written must be those whose bytes differ, and equal a clean build. */
async function buildsOnlyWhatDiffers(site: TemporarySite): Promise<readonly string[]> {
  const [pages, marks] = [site.pages(), site.marks()];
  const built = await build(site.folder);
  const [newPages, newMarks] = [site.pages(), site.marks()];
  const changed = differences(pages, newPages);
  expect(differences(marks, newMarks)).toEqual(changed);
  const pagesChanged = changed.filter((line) => !isSitemapFile(line.replace(/^\w+ /, "")));
  expect(built).toMatchObject({ exitCode: 0, wrote: pagesChanged.filter((line) => !line.startsWith("gone")).length });
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), newPages)).toEqual([]);
  return pagesChanged;
}

test("builds a page for everything that is declared, and nothing a second time", async () => {
  const films = filmsOf(120).map((film) => (film.id === "7" ? { ...film, draft: true } : film));
  const site = filmSite(films);

  const first = await build(site.folder);

  expect(first).toMatchObject({ exitCode: 0, failed: 0, removed: 0, errors: [] });
  const files = site.filesButSitemaps();
  expect(files).toEqual(
    expect.arrayContaining([
      "404.html",
      "feed.xml",
      "films/2/index.html",
      "films/film-1/index.html",
      "films/index.html",
      "genres/drama/index.html",
      "index.html",
      "search.json",
      "site.css",
    ]),
  );
  expect(files).not.toContain("films/film-7/index.html");
  expect(files.filter((file) => file.startsWith("films/film-"))).toHaveLength(119);
  expect(files.filter((file) => file.startsWith("genres/"))).toHaveLength(6);
  expect(first.pages).toBe(files.filter((file) => !file.endsWith(".css")).length);
  expect(JSON.parse(site.read("dist/search.json"))).toMatchObject({
    top: expect.arrayContaining([{ ...films[7], year: "1958", draft: false }]),
  });
  expect(site.read("dist/films/film-1/index.html")).toContain('<a href="/genres/comedy/">comedy</a>');
  expect(site.read("dist/index.html")).toContain("<h1>120 films</h1>");
  expect(site.read("dist/feed.xml").match(/<entry>/g)).toHaveLength(20);

  const marks = site.marks();
  const second = await build(site.folder);
  expect(second).toMatchObject({ exitCode: 0, wrote: 0, removed: 0, pressed: 0, pages: first.pages, whole: {} });
  expect(differences(marks, site.marks())).toEqual([]);
});

test("writes exactly the pages that an edit changes, and equals a clean build", { timeout: 60_000 }, async () => {
  const films = filmsOf(120);
  const site = filmSite(films);
  const { pages } = await build(site.folder);
  const replace = (id: string, fields: object): void => {
    films.splice(0, films.length, ...films.map((film) => (film.id === id ? { ...film, ...fields } : film)));
    site.records("film", films);
  };

  replace("50", { title: "Another title" });
  const retitled = await buildsOnlyWhatDiffers(site);
  expect(retitled).toContain("other films/film-50/index.html");
  expect(retitled.length).toBeLessThan(pages / 2);

  // Neither in the feed nor high in any list: only its own page shows when it was released.
  replace("60", { released: "1951-01-01" });
  expect(await buildsOnlyWhatDiffers(site)).toContain("other films/film-60/index.html");

  replace("70", { slug: "elsewhere", rating: 9.95, genres: ["opera"] });
  films.push(filmOf(500));
  films.splice(9, 1);
  site.records("film", films);
  expect(await buildsOnlyWhatDiffers(site)).toEqual(
    expect.arrayContaining([
      "gone films/film-10/index.html",
      "gone films/film-70/index.html",
      "new films/elsewhere/index.html",
      "new films/film-500/index.html",
      "new genres/opera/index.html",
      "other index.html",
    ]),
  );
});

test("brings back files that someone deleted or changed by hand", async () => {
  const site = filmSite(filmsOf(30));
  await build(site.folder);
  const pages = site.pages();
  site.remove("dist/films/film-3");
  site.remove("dist/feed.xml");
  site.edit("dist/films/film-4/index.html", "Film 4", "Movie 4");

  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 0, wrote: 3, written: { missing: 2, altered: 1 } });
  expect(differences(pages, site.pages())).toEqual([]);
});

test("--route builds the named routes only, and the next build the rest", async () => {
  const films = filmsOf(30);
  const site = filmSite(films);
  await build(site.folder, "--route", "home", "feed");
  expect(site.files().filter((file) => !file.endsWith(".css"))).toEqual(["feed.xml", "index.html"]);

  await build(site.folder);
  site.records("film", [...films, filmOf(31)]);
  expect(await build(site.folder, "--route", "home")).toMatchObject({ exitCode: 0, wrote: 1 });
  await build(site.folder);
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
});
