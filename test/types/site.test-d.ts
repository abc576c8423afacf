import { z } from "zod";
import {
  defineEntities,
  defineSite,
  directory,
  embedded,
  entity,
  files,
  html,
  json,
  publish,
  slug,
  postgres,
  postgresManifest,
  s3,
  snapshot,
  sqlite,
} from "rekiln";
import type { Published } from "rekiln";

const Film = z
  .object({
    id: z.string(),
    title: z.string(),
    slug: z.string(),
    director: z.string(),
    genres: z.array(z.string()),
    rating: z.number(),
    released: z.iso.date(),
    draft: z.boolean().default(false),
  })
  .transform((film) => ({ ...film, year: film.released.slice(0, 4) }));
const Director = z.object({ id: z.string(), name: z.string() });

const entities = defineEntities({
  film: entity(Film, { index: ["director", "genres", "year", "rating"] }),
  director: entity(Director),
});
const { route, distinct } = entities;

export default defineSite({
  url: "https://films.example",
  source: files("data/"),
  store: directory("dist/"),
  entities,
  routes: {
    film: route({
      each: "film",
      path: (film) => (film.draft ? null : `/films/${film.slug}/`),
      load: async (read, film) => ({
        film,
        director: await read.get("director", film.director),
        related: await read.list("film", { where: { genres: film.genres }, orderBy: "-rating", limit: 5 }),
      }),
      template: "film",
    }),
    genre: route({
      each: distinct("film", "genres"),
      path: (genre) => `/genres/${slug(genre)}/`,
      list: { of: "film", where: (genre) => ({ genres: genre }), orderBy: "-rating", perPage: 50 },
      load: (_read, genre, pager) => ({ genre, pager, titles: pager.items.map((f) => f.title) }),
      template: "genre",
    }),
    director: route({
      load: async (_read, director, pager) => ({ director, films: pager.items.map((f) => f.title.toUpperCase()) }), // load written before each/list, on purpose
      each: "director",
      path: (director) => `/directors/${director.id}/`,
      list: { of: "film", where: (director) => ({ director: director.id }), orderBy: ["-year", "id"], perPage: 20 },
      template: ({ director, films }) =>
        html`<h1>${director.name}</h1>
          ${films.length}`,
    }),
    all: route({
      path: "/films/",
      list: { of: "film", orderBy: "-year", perPage: 100 },
      template: "films",
      load: (_r, _s, pager) => ({ pager }),
    }),
    home: route({
      path: "/",
      load: async (read) => ({
        genres: await read.values("film", "genres"),
        best: await read.list("film", { orderBy: "-rating", limit: 10 }),
      }),
      template: "home",
    }),
    feed: route({
      path: "/feed.xml",
      load: async (read) => ({ films: await read.list("film", { orderBy: "-year", limit: 50 }) }),
      template: "feed.xml",
    }),
    search: route({
      path: "/search.json",
      load: async (read) => ({
        films: (await read.list("film", { orderBy: "id", limit: 1000 })).map((f) => [f.title, f.slug]),
      }),
      template: json,
    }),
    notFound: route({ path: "/404.html", template: "404" }),
  },
});

// ---- type assertions
type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const ok = <T extends true>(_proof?: T): void => undefined;
route({
  each: "film",
  path: (film) => {
    ok<Eq<typeof film.year, string>>();
    return "/";
  },
  template: "x",
  load: async (read, film) => {
    const d = await read.get("director", film.director);
    ok<Eq<typeof d, Readonly<{ id: string; name: string }> | undefined>>();
    const l = await read.list("film", {});
    ok<Eq<(typeof l)[number]["rating"], number>>();
    const v = await read.values("film", "rating");
    ok<Eq<(typeof v)[number]["value"], number>>();
    return { d };
  },
});
route({
  each: distinct("film", "rating"),
  path: (r) => {
    ok<Eq<typeof r, number>>();
    return `/${r}/`;
  },
  template: "x",
});
// @ts-expect-error unknown type
route({ each: "flim", path: "/", template: "x" });
// @ts-expect-error not a field
route({ each: "film", path: (film) => `/${film.slgu}/`, template: "x" });
// @ts-expect-error field not indexed
distinct("film", "title");
route({
  path: "/",
  template: "x",
  load: async (read) => ({
    // @ts-expect-error title is not indexed
    a: await read.list("film", { where: { title: "x" } }),
    // @ts-expect-error title is not indexed
    b: await read.list("film", { orderBy: "-title" }),
    // @ts-expect-error wrong value type
    c: await read.list("film", { where: { rating: "9" } }),
    // @ts-expect-error wrong type
    d: await read.get("flim", "1"),
  }),
});
// @ts-expect-error index names no field
entity(Director, { index: ["nmae"] });
// @ts-expect-error template wants what load does not give
route({ path: "/", load: () => ({ a: 1 }), template: (p: { b: string }) => html`${p.b}` });
route({
  each: "film",
  path: "/",
  template: "x",
  updated: (film) => {
    ok<Eq<typeof film.released, string>>();
    return film.draft ? undefined : film.released;
  },
  sitemap: false,
});
route({ each: distinct("film", "rating"), path: (r) => `/${r}/`, template: "x", updated: (r) => r.toFixed() });
// @ts-expect-error a day is text
route({ each: "film", path: "/", template: "x", updated: (film) => new Date(film.released) });
// @ts-expect-error sitemap is for the whole route
route({ each: "film", path: "/", template: "x", sitemap: (film) => !film.draft });
// @ts-expect-error entities need an id
entity(z.object({ name: z.string() }));

// ---- sources
const routes = { home: route({ path: "/", template: "x" }) };
const owned = defineSite({ url: "https://films.example", source: embedded(), entities, routes });
ok<Eq<(typeof owned)["source"]["kind"], "files" | "sqlite" | "postgres" | "embedded" | "snapshot">>();
defineSite({
  url: "https://films.example",
  source: snapshot("s3://films/snapshots", { region: "eu-central-1", everySeconds: 60 }),
  snapshots: s3("s3://films/snapshots"),
  entities,
  routes,
});
// @ts-expect-error seconds are a number
snapshot("s3://films/snapshots", { everySeconds: "60" });
// @ts-expect-error snapshots are written where s3 says
defineSite({ url: "https://films.example", source: embedded(), snapshots: directory("out/"), entities, routes });
sqlite("films.db", {
  film: { query: "select id, title, genres from film", json: ["genres"] },
  director: "select id, name from director",
});
// @ts-expect-error a query is text
sqlite("films.db", { film: 1 });
// @ts-expect-error it has to say what to select
sqlite("films.db");
postgres({
  film: { query: "select id from film", table: "film", also: [{ table: "film_genre", key: "film_id" }] },
  director: "select id, name from director",
});
postgres({ film: "select id from film" }, { url: "postgres://127.0.0.1/films", timeoutSeconds: 60 });
// @ts-expect-error a table leads to ids by a column
postgres({ film: { query: "select id from film", table: "film", also: [{ table: "film_genre" }] } });
defineSite({
  url: "https://films.example",
  source: embedded(),
  store: s3("s3://films"),
  manifest: postgresManifest({ url: "postgres://127.0.0.1/films", schema: "films" }),
  entities,
  routes,
});
postgresManifest();
// @ts-expect-error a manifest selects nothing
postgresManifest({ film: "select id from film" });
// @ts-expect-error a source is no manifest
defineSite({ url: "https://films.example", source: embedded(), manifest: embedded(), entities, routes });
// @ts-expect-error embedded takes nothing: its entities are in the state folder
embedded("data/");
// @ts-expect-error it has to be called
defineSite({ url: "https://films.example", source: embedded, entities, routes });

// ---- publish
type Types = typeof entities.types;
export async function publishes(): Promise<void> {
  const published = await publish<Types>({ type: "film", id: "42" });
  ok<Eq<typeof published, Published>>();
  await publish<Types>([
    { type: "film", id: "42", deleted: true },
    { type: "director", id: "scott" },
  ]);
  await publish({ type: "anything", id: "42" }, { config: "site/rekiln.config.ts" });
  // @ts-expect-error unknown type
  await publish<Types>({ type: "flim", id: "42" });
  // @ts-expect-error ids are strings
  await publish<Types>({ type: "film", id: 42 });
  // @ts-expect-error a change says no more than that
  await publish<Types>({ type: "film", id: "42", title: "Alien" });
}
