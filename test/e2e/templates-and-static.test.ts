import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";

const ALL = ["feed", "film", "films", "genre", "home", "notFound", "search"];
const COPY = /^site\.[0-9a-f]{16}\.css$/;

test("renders again what uses a changed template, partial, module or config", async () => {
  const site = filmSite(filmsOf(30));
  site.write("paths.ts", "export const filmPath = (slug: string): string => `/films/${slug}/`;\n");
  site.edit("rekiln.config.ts", "`/films/${film.slug}/`", "filmPath(film.slug)");
  site.edit(
    "rekiln.config.ts",
    'import { z } from "zod";',
    'import { z } from "zod";\nimport { filmPath } from "./paths.ts";',
  );
  expect(Object.keys((await build(site.folder)).whole).toSorted()).toEqual(ALL);

  site.edit("templates/partials/films.eta", "<ul>", '<ul class="films">');
  const marks = site.marks();
  const partial = await build(site.folder);
  expect(partial).toMatchObject({ exitCode: 0, whole: { genre: "templates", films: "templates" } });
  expect(Object.keys(partial.whole)).toHaveLength(2);
  expect(differences(marks, site.marks()).every((line) => /^other (?:genres\/.*|films\/index.html)/.test(line))).toBe(
    true,
  );
  expect(partial.wrote).toBe(7);

  site.edit("templates/feed.xml.eta", "<title>Films</title>", "<title>Newest films</title>");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 1, whole: { feed: "templates" }, pressed: 1 });

  site.edit("paths.ts", "/films/${slug}/", "/all/${slug}/");
  const moved = await build(site.folder);
  expect(Object.keys(moved.whole).toSorted()).toEqual(ALL);
  expect(moved).toMatchObject({ exitCode: 0, written: { moved: 30 } });
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);

  // Nothing of it reaches a page: all are rendered, none is written.
  site.edit("paths.ts", ": string =>", " =>");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0, pressed: moved.pages });
});

test("copies static files, and gives those that pages use the name of their content", async () => {
  const site = filmSite(filmsOf(5));
  site.write("static/robots.txt", "User-agent: *\n");
  site.write("static/images/a.svg", "<svg/>\n");
  expect((await build(site.folder)).static.written).toEqual(["images/a.svg", "robots.txt", "site.css"]);
  const copies = site.files().filter((file) => COPY.test(file));
  expect(copies).toHaveLength(1);
  expect(site.read("dist/index.html")).toContain(`href="/${copies[0]}"`);
  expect(site.read(`dist/${copies[0]}`)).toBe(site.read("static/site.css"));
  // Nobody asks for its address.
  expect(site.files().filter((file) => file.startsWith("robots"))).toEqual(["robots.txt"]);

  site.write("static/site.css", "body { color: blue; }\n");
  const marks = site.marks();
  const changed = await build(site.folder);
  const changes = differences(marks, site.marks());
  const copy = site.files().find((file) => COPY.test(file));
  expect(changed.static).toMatchObject({ written: ["site.css"], removed: [] });
  expect(changes).toEqual(
    expect.arrayContaining([`gone ${copies[0]}`, `new ${copy}`, "other site.css", "other index.html"]),
  );
  expect(site.read("dist/films/film-1/index.html")).toContain(`href="/${copy}"`);
  // Every page with the style sheet, and nothing else.
  expect(changes.filter((line) => /robots|svg|feed|search/.test(line))).toEqual([]);
  expect(changed.wrote).toBe(changed.pages - 2);

  site.remove("static/robots.txt");
  site.remove("static/images");
  const removed = await build(site.folder);
  expect(removed).toMatchObject({
    exitCode: 0,
    wrote: 0,
    static: { written: [], removed: ["images/a.svg", "robots.txt"] },
  });
  expect(site.files().filter((file) => /robots|images/.test(file))).toEqual([]);
});

test("keeps the copy of a style sheet that is gone while failed pages still show it", async () => {
  const site = filmSite(filmsOf(5));
  await build(site.folder);
  const copy = site.files().find((file) => COPY.test(file));
  const page = site.read("dist/index.html");
  site.remove("static/site.css");

  const broken = await build(site.folder);

  expect(broken.exitCode).toBe(1);
  expect(broken.errors.join("\n")).toMatch(/^home: templates\/layout\.eta:2: .*site\.css/m);
  expect(site.read("dist/index.html")).toBe(page);
  expect(site.files()).toContain(copy);

  site.edit("templates/layout.eta", '<link rel="stylesheet" href="<%= it.asset("site.css") %>">', "");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, failed: 0 });
  expect(site.files().filter((file) => file.endsWith(".css"))).toEqual([]);
});
