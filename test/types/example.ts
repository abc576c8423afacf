import { z } from "zod";
import { defineEntities, defineSite, directory, entity, files, json, slug } from "rekiln";

const entities = defineEntities({
  film: entity(
    z
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
      .transform((film) => ({ ...film, year: film.released.slice(0, 4) })), // a derived field: typed, stored, indexable
    { index: ["director", "genres", "year", "rating", "released"] }, // what lists filter, sort or group by
  ),
  director: entity(z.object({ id: z.string(), name: z.string() })),
});
const { route, distinct } = entities;

export default defineSite({
  url: "https://films.example", // a path here ("https://example.com/films") is the base of every link
  source: files("data/"), // data/film.ndjson, data/director.ndjson
  store: directory("dist/"), // the default
  entities,
  routes: {
    film: route({
      each: "film", // a page for every film ...
      path: (film) => (film.draft ? null : `/films/${film.slug}/`), // ... but null: none
      load: async (read, film) => ({
        film,
        director: await read.get("director", film.director), // undefined when there is none
        related: await read.list("film", { where: { genres: film.genres }, orderBy: "-rating", limit: 5 }),
      }),
      template: "film", // templates/film.eta sees `it.film`, `it.director`, `it.related`
    }),
    genre: route({
      each: distinct("film", "genres"), // a page for every value that some film has
      path: (genre) => `/genres/${slug(genre)}/`, // page 2 is /genres/drama/2/
      list: { of: "film", where: (genre) => ({ genres: genre }), orderBy: "-rating", perPage: 50 },
      template: "genre", // without load: `it.subject` ("drama") and `it.pager` (items, number, next, ...)
    }),
    films: route({ path: "/films/", list: { of: "film", orderBy: "-released", perPage: 100 }, template: "films" }),
    home: route({
      path: "/",
      template: "home",
      load: async (read) => ({ genres: await read.values("film", "genres"), films: await read.count("film") }),
    }),
    feed: route({
      path: "/feed.xml",
      template: "feed.xml",
      load: async (read) => ({ films: await read.list("film", { orderBy: "-released", limit: 20 }) }),
    }),
    search: route({
      path: "/search.json",
      template: json,
      load: async (read) => ({ top: await read.list("film", { orderBy: "-rating", limit: 100 }) }),
    }),
    notFound: route({ path: "/404.html", template: "404" }),
  },
});
