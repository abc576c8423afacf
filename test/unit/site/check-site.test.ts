import { describe, expect, test } from "vitest";
import { z } from "zod";

import { RekilnError } from "../../../src/core/errors.ts";
import { json } from "../../../src/core/json-template.ts";
import { checkSite } from "../../../src/site/check-site.ts";
import { s3 } from "../../../src/site/declare-fleet.ts";
import { postgres, postgresManifest } from "../../../src/site/declare-postgres.ts";
import { snapshot } from "../../../src/site/declare-snapshot.ts";
import { defineSite, directory, embedded, files, sqlite } from "../../../src/site/define-site.ts";
import { defineEntities, entity, unchecked } from "../../../src/site/entities.ts";
import type { Problem } from "../../../src/site/problem.ts";
import type { RouteModel, Site } from "../../../src/site/site.ts";

const Film = z.object({ id: z.string(), slug: z.string(), genres: z.array(z.string()), rating: z.number() });
const entities = defineEntities({
  film: entity(Film, { index: ["genres", "rating"] }),
  director: entity(unchecked<{ id: string; name: string }>()),
});
const { route, distinct } = entities;

const sound = {
  url: "https://films.example",
  source: files("data/"),
  entities,
  routes: { home: route({ path: "/", template: "home" }) },
};

function siteOf(options: unknown): Site {
  const checked = checkSite(options);
  if ("problems" in checked) throw new Error(JSON.stringify(checked.problems, null, 2));
  return checked.site;
}

function problemsOf(options: unknown): readonly Problem[] {
  const checked = checkSite(options);
  return "problems" in checked ? checked.problems : [];
}

const pathsOf = (options: unknown): string[] => problemsOf(options).map(({ path }) => path);

function routeOf(site: Site, name: string): RouteModel {
  const found = site.routes.get(name);
  if (found === undefined) throw new Error(`no route ${name}`);
  return found;
}

describe("a sound site", () => {
  const site = siteOf(
    defineSite({
      url: "https://example.com/films/",
      env: ["SITE_LANGUAGE", "SITE_LANGUAGE"],
      source: files("data/"),
      store: directory("public/"),
      entities,
      routes: {
        film: route({
          each: "film",
          path: (film) => (film.rating < 5 ? null : `/films/${film.slug}/`),
          template: "film",
        }),
        genre: route({
          each: distinct("film", "genres"),
          path: (genre) => `/genres/${genre}/`,
          list: { of: "film", where: (genre) => ({ genres: genre }), orderBy: ["-rating", "id"], perPage: 50 },
          template: "lists/genre",
        }),
        films: route({ path: "/films/", list: { of: "film", orderBy: "rating", perPage: 10_000 }, template: "films" }),
        search: route({ path: "/search.json", template: json, load: () => ({ a: 1 }) }),
        page: route({ path: "/page.html", template: () => json({}), load: () => ({}) }),
      },
    }),
  );
  const film = { id: "1", slug: "alien", genres: [], rating: 8 };

  test("has its address without a trailing slash, and the base of its links", () => {
    expect(site).toMatchObject({ url: "https://example.com/films", base: "/films", env: ["SITE_LANGUAGE"] });
    expect(siteOf(sound)).toMatchObject({ url: "https://films.example", base: "" });
  });

  test("has a source and a store, dist/ by default", () => {
    expect(site).toMatchObject({
      source: { kind: "files", dir: "data/" },
      store: { kind: "directory", dir: "public/" },
    });
    expect(siteOf(sound).store).toEqual({ kind: "directory", dir: "dist/" });
  });

  test("has its manifest on this machine, or in Postgres beside a store that all machines reach", () => {
    const store = s3("s3://films");
    expect(siteOf(sound).manifest).toEqual({ kind: "local" });
    expect(siteOf({ ...sound, store }).manifest).toEqual({ kind: "local" });
    expect(siteOf({ ...sound, store, manifest: postgresManifest() }).manifest).toEqual({
      kind: "postgres",
      url: undefined,
      schema: "rekiln",
    });
    const wrong = (manifest: unknown, of: object = { store }): readonly Problem[] =>
      problemsOf({ ...sound, ...of, manifest });
    expect(wrong(postgresManifest(), {})).toMatchObject([{ path: "manifest", hint: expect.stringContaining("s3(") }]);
    expect(wrong("postgres://127.0.0.1/films")).toMatchObject([{ path: "manifest" }]);
    expect(wrong(postgresManifest({ url: "mysql://films" }))).toMatchObject([{ path: "manifest.url" }]);
    expect(wrong(postgresManifest({ schema: "My-Films" }))).toMatchObject([{ path: "manifest.schema" }]);
    expect(wrong({ ...postgresManifest(), shema: "films" })).toMatchObject([{ path: "manifest.shema" }]);
  });

  test("has its entity types with what they index", () => {
    expect([...site.entities.values()].map(({ name, index }) => [name, index])).toEqual([
      ["film", ["genres", "rating"]],
      ["director", []],
    ]);
  });

  test("has its routes in their order, each with a path of its subject", () => {
    expect([...site.routes.values()].map(({ name, order }) => [name, order])).toEqual([
      ["film", 0],
      ["genre", 1],
      ["films", 2],
      ["search", 3],
      ["page", 4],
    ]);
    expect(routeOf(site, "film").each).toEqual({ kind: "entity", type: "film" });
    expect(routeOf(site, "film").path(film)).toBe("/films/alien/");
    expect(routeOf(site, "film").path({ ...film, rating: 1 })).toBeNull();
    expect(routeOf(site, "genre").each).toEqual({ kind: "distinct", type: "film", field: "genres" });
    expect(routeOf(site, "genre").path("drama")).toBe("/genres/drama/");
    expect(routeOf(site, "films").each).toEqual({ kind: "one" });
    expect(routeOf(site, "films").path(undefined)).toBe("/films/");
  });

  test("has lists with fields to order by and a condition, none by default", () => {
    const list = routeOf(site, "genre").list;
    expect(list).toMatchObject({
      of: "film",
      perPage: 50,
      orderBy: [
        { field: "rating", descending: true },
        { field: "id", descending: false },
      ],
    });
    expect(list?.where("drama")).toEqual({ genres: "drama" });
    expect(routeOf(site, "films").list?.where(undefined)).toEqual({});
    expect(routeOf(site, "film").list).toBeUndefined();
  });

  test("knows Eta templates, json and functions apart", () => {
    expect(routeOf(site, "genre").template).toEqual({ kind: "eta", name: "lists/genre" });
    expect(routeOf(site, "search").template).toEqual({ kind: "json" });
    expect(routeOf(site, "page").template.kind).toBe("function");
  });

  test("has what its routes say for the sitemap", () => {
    const one = { path: "/", template: "home" };
    const dated = {
      each: "film",
      path: () => "/",
      template: "film",
      updated: (entity: { day: unknown }) => entity.day,
    };
    const listed = siteOf({
      ...sound,
      routes: { one, dated, not: { ...one, sitemap: false }, is: { ...one, sitemap: true } },
    });
    expect([...listed.routes.values()].map(({ isListed }) => isListed)).toEqual([true, true, false, true]);
    expect(routeOf(listed, "one").updated(undefined)).toBeUndefined();
    expect(routeOf(listed, "dated").updated({ id: "1", day: "2024-05-01" })).toBe("2024-05-01");
    expect(() => routeOf(listed, "dated").updated({ id: "1", day: 7 })).toThrow(
      "routes.dated.updated returned number, which is no ISO date.",
    );
  });

  test("names the route whose path function gives no text", () => {
    const async = siteOf({ ...sound, routes: { film: { each: "film", path: async () => "/", template: "film" } } });
    expect(() => routeOf(async, "film").path(film)).toThrow(RekilnError);
    expect(() => routeOf(async, "film").path(film)).toThrow(
      "routes.film.path returned object instead of a string or null",
    );
  });
});

describe("a site with mistakes", () => {
  test("has sqlite queries checked against the entity types", () => {
    const source = { kind: "sqlite", file: "films.db", queries: { flim: "select 1", film: { query: "" } } };
    expect(problemsOf({ ...sound, source }).map(({ path, message }) => `${path} ${message}`)).toEqual([
      "source.queries.flim is for the unknown entity type flim",
      "source.queries.film is no query",
      "source.queries has no query for director",
    ]);
    const queries = { film: { query: "select id from film", json: ["genres"] }, director: "select id from director" };
    expect(siteOf({ ...sound, source: sqlite("films.db", queries) }).source).toEqual({
      kind: "sqlite",
      file: "films.db",
      queries: new Map([
        ["film", { sql: "select id from film", json: ["genres"] }],
        ["director", { sql: "select id from director", json: [] }],
      ]),
    });
  });

  test("has postgres queries and their tables checked, and tells nobody the address", () => {
    const queries = {
      flim: "select 1",
      film: { query: "select id from film", key: "id", tabel: "film" },
      director: { query: "select id from director", table: "director", also: [{ table: "film" }] },
    };
    const source = { kind: "postgres", queries, url: "mysql://films:secret@host/films", timeoutSeconds: 0 };
    const problems = problemsOf({ ...sound, source }).map(({ path, message }) => `${path} ${message}`);
    expect(problems).toEqual([
      "source.url is no address of a Postgres database",
      "source.timeoutSeconds is no number of seconds up to a day",
      "source.queries.flim is for the unknown entity type flim",
      "source.queries.film.tabel is no known key",
      "source.queries.film.key stands without a table",
      "source.queries.director doesn't name its tables",
    ]);
    expect(JSON.stringify(problemsOf({ ...sound, source }))).not.toContain("secret");
    const film = { query: "select id from film;\n", table: "film", also: [{ table: "film_genre", key: "film_id" }] };
    expect(siteOf({ ...sound, source: postgres({ film, director: "select id from director" }) }).source).toEqual({
      kind: "postgres",
      url: undefined,
      timeoutSeconds: 300,
      queries: new Map([
        [
          "film",
          {
            sql: "select id from film",
            tables: [
              { table: "film", key: "id" },
              { table: "film_genre", key: "film_id" },
            ],
          },
        ],
        ["director", { sql: "select id from director", tables: [] }],
      ]),
    });
  });

  test("has all of them reported at once, by key path, with what to do", () => {
    const problems = problemsOf({
      url: "films.example",
      soruce: files("data/"),
      env: [1],
      store: "dist/",
      entities: {
        types: {
          film: { schema: Film, index: ["genres", "genres", 7] },
          director: { schema: { parse: () => undefined }, index: "name", indx: [] },
          "1/2": entities.types.film,
          writer: null,
        },
      },
      routes: {
        film: { each: "flim", path: "/films/", templat: "film" },
        genre: { each: { type: "film", field: "title" }, path: () => "/", template: "../secret" },
        each: { each: "film", path: "/each/", template: "x" },
        list: {
          path: "/list.html",
          template: 7,
          load: {},
          list: { of: "film", orderBy: ["-title", 3, "id"], perPage: 0, were: () => ({}) },
        },
        bad: { path: "/a/../b/", list: { of: "filn", orderBy: "x", perPage: 1.5, where: {} }, template: "x" },
        404: { path: "/404.html", template: "404" },
        none: undefined,
      },
    });
    expect(problems.map(({ path, message, hint }) => `${path} ${message} — ${hint}`)).toEqual([
      "soruce is no known key — write source",
      "url is no absolute http or https address — give where the site answers, e.g. https://example.com or https://example.com/films",
      'env is no array of names — give names of environment variables, e.g. env: ["SITE_LANGUAGE"]',
      'store doesn\'t come from directory or s3 — write store: directory("dist/") or s3("s3://bucket"), or leave it out',
      "entities.film.index.1 names the field genres again — remove it",
      "entities.film.index.2 is no field name — give a name as a string that doesn't start with -",
      "entities.director.indx is no known key — write index",
      'entities.director.index is no array of field names — give the indexed fields, e.g. index: ["genres", "rating"]',
      "entities.director.schema is no Standard Schema — give a schema of zod 4, valibot or arktype, or unchecked()",
      "entities.1/2 is no name for an entity type — rename it: an entity type's name is letters, digits, - and _, and doesn't start with a digit or -",
      "entities.writer doesn't come from entity — write writer: entity(schema, { index: [...] })",
      'source doesn\'t come from files, sqlite, postgres, embedded or snapshot — write source: files("data/"), sqlite("data.db", { film: "select …" }), postgres({ film: "select …" }), embedded(), or snapshot("s3://…")',
      "routes.404 is a number, and JavaScript moves such keys to the front, whatever their place — rename it, e.g. page404",
      "routes.film.templat is no known key — write template",
      "routes.film.each names the unknown entity type flim — write film",
      "routes.film.path is the same for every subject — give a function of the subject, e.g. (film) => `/films/${film.slug}/`",
      'routes.film.template is neither a template\'s name, nor a function, nor json — write template: "film" for templates/film.eta',
      'routes.genre.each groups by film.title, which isn\'t indexed — add "title" to the index of film',
      "routes.genre.template templates/../secret.eta has a segment .. — give the name of a file below templates/, without .eta",
      "routes.each.path is the same for every subject — give a function of the subject, e.g. (film) => `/films/${film.slug}/`",
      'routes.list.path "/list.html" has a list, but page 2 can\'t stand below a file — end the path in /',
      "routes.list.list.were is no known key — write where",
      "routes.list.list.orderBy.0 orders by title, which isn't indexed — add \"title\" to the type's index",
      'routes.list.list.orderBy.1 names no field — give a field, or "-field" for the reverse order',
      "routes.list.list.perPage is no number of rows — give a whole number from 1 to 10,000",
      "routes.list.load is no function — write load: (read, subject, pager) => ({ ... })",
      'routes.list.template is neither a template\'s name, nor a function, nor json — write template: "film" for templates/film.eta',
      'routes.bad.path "/a/../b/" has a segment .. — write a path like "/films/" or "/feed.xml"',
      "routes.bad.list.of names the unknown entity type filn — write film",
      "routes.bad.list.where is no function — write where: (subject) => ({ field: value })",
      "routes.bad.list.perPage is no number of rows — give a whole number from 1 to 10,000",
      'routes.none doesn\'t come from route — write none: route({ path: "/", template: "none" })',
    ]);
  });

  test.each([
    [undefined, "is missing"],
    [null, "is no object"],
    [() => sound, "is no object"],
    [[sound], "is no object"],
  ])("is no site at all when the default export is %o", (options, message) => {
    expect(problemsOf(options)).toMatchObject([{ path: "default export", message }]);
  });

  test.each([
    "",
    "/films",
    "ftp://films.example",
    "https://a.example?x",
    "https://a.example/#",
    "https://me:pw@a.example",
    7,
  ])("can't answer at %s", (url) => {
    expect(pathsOf({ ...sound, url })).toContain("url");
  });

  test("has a source that rekiln reads or owns, and nothing else", () => {
    expect(siteOf({ ...sound, source: embedded() }).source).toEqual({ kind: "embedded" });
    for (const source of [undefined, embedded, "data/", { kind: "sqlite" }, files("")]) {
      expect(pathsOf({ ...sound, source })).toEqual(["source"]);
    }
    expect(problemsOf({ ...sound, source: { ...embedded(), dri: "data/" } })).toMatchObject([{ path: "source.dri" }]);
  });

  test("reads and writes snapshots in a bucket, apart from its pages", () => {
    const place = "s3://films/snapshots";
    const { source, snapshots } = siteOf({
      ...sound,
      source: snapshot(place, { everySeconds: 60 }),
      snapshots: s3(place),
    });
    expect(source).toEqual({ kind: "snapshot", bucket: "films", prefix: "snapshots/", everySeconds: 60 });
    expect(snapshots).toEqual({ kind: "s3", bucket: "films", prefix: "snapshots/" });
    expect(pathsOf({ ...sound, source: snapshot("films") })).toEqual(["source"]);
    expect(pathsOf({ ...sound, source: snapshot(place, { everySeconds: 0 }) })).toEqual(["source.everySeconds"]);
    expect(pathsOf({ ...sound, source: { ...snapshot(place), compress: "br" } })).toEqual(["source.compress"]);
    expect(pathsOf({ ...sound, snapshots: place })).toEqual(["snapshots"]);
    const among = { ...sound, store: s3("s3://films"), source: snapshot(place), snapshots: s3(place) };
    expect(pathsOf(among)).toEqual(["source", "snapshots"]);
    expect(pathsOf({ ...among, store: s3("s3://films/site") })).toEqual([]);
  });

  test("needs a route and entity types from defineEntities", () => {
    expect(pathsOf({ ...sound, routes: {} })).toEqual(["routes"]);
    expect(pathsOf({ ...sound, routes: undefined })).toEqual(["routes"]);
    expect(pathsOf({ ...sound, entities: { film: entity(Film) } })).toEqual(["entities"]);
  });

  test("has no follow-up mistakes where the entity types can't be read", () => {
    const film = { each: "film", path: () => "/", list: { of: "film", orderBy: "year", perPage: 1 }, template: "x" };
    expect(pathsOf({ ...sound, entities: undefined, routes: { film } })).toEqual(["entities"]);
  });

  test.each(["/films", "films/", "/a//b/", "/index.html"])("has a constant path %s checked at once", (path) => {
    expect(pathsOf({ ...sound, routes: { home: { path, template: "home" } } })).toEqual(["routes.home.path"]);
  });

  test.each([0, -1, 10_001, 2.5, "50", undefined])("can't have %s rows on a page", (perPage) => {
    const home = { path: "/", template: "home", list: { of: "film", orderBy: "id", perPage } };
    expect(pathsOf({ ...sound, routes: { home } })).toEqual(["routes.home.list.perPage"]);
  });

  test.each([
    ["updated", "2024-05-01", "is no function — write updated: (film) => film.released"],
    ["sitemap", "no", "is neither true nor false — write sitemap: false to leave its pages out of the sitemap"],
  ])("can't have %s: %j", (key, value, said) => {
    const home = { path: "/", template: "home", [key]: value };
    const problems = problemsOf({ ...sound, routes: { home } });
    expect(problems.map(({ path, message, hint }) => `${path} ${message} — ${hint}`)).toEqual([
      `routes.home.${key} ${said}`,
    ]);
  });

  test("lists what there is where nothing is near", () => {
    const home = { each: "screenplay", path: () => "/", template: "home", cache: true };
    expect(problemsOf({ ...sound, routes: { home } })).toMatchObject([
      {
        path: "routes.home.cache",
        hint: "remove it; the known keys are cacheControl, cacheTags, each, list, load, path, sitemap, sweep, template, updated",
      },
      { path: "routes.home.each", hint: "use one of the entity types: director, film" },
    ]);
  });
});
