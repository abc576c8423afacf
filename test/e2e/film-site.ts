import { readFileSync } from "node:fs";

import { TemporarySite } from "../support/temporary-site.ts";

/** The design's own example, which the compiler checks. */
const CONFIG = readFileSync(new URL("../types/example.ts", import.meta.url), "utf8");

export interface Film {
  readonly id: string;
  readonly title: string;
  readonly slug: string;
  readonly director: string;
  readonly genres: readonly string[];
  readonly rating: number;
  readonly released: string;
  readonly draft?: boolean;
}

const GENRES = ["drama", "comedy", "science fiction", "horror", "western", "noir"];

/** Films that differ in everything, the same for the same number. */
export function filmOf(number: number): Film {
  return {
    id: String(number),
    title: `Film ${number}`,
    slug: `film-${number}`,
    director: `d${number % 7}`,
    genres: [GENRES[number % 6] ?? "", GENRES[(number * 5 + 1) % 6] ?? ""],
    rating: ((number * 37) % 100) / 10,
    released: `${1950 + (number % 70)}-0${1 + (number % 9)}-1${number % 10}`,
  };
}

export const filmsOf = (count: number): Film[] => Array.from({ length: count }, (_, index) => filmOf(index + 1));

const TEMPLATES: Readonly<Record<string, string>> = {
  layout: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title><%= it.title %></title><link rel="stylesheet" href="<%= it.asset("site.css") %>"></head>
<body><%~ it.body %></body></html>`,
  film: `<% layout("layout", { title: it.film.title }) %>
<h1><%= it.film.title %></h1>
<p><%= it.film.year %>, <%= it.film.rating %><% if (it.director) { %>, by <%= it.director.name %><% } %></p>
<ul>
<% for (const genre of it.film.genres) { %>
<li><a href="<%= it.link("genre", genre) %>"><%= genre %></a></li>
<% } %>
</ul>
<ol>
<% for (const film of it.related) { %>
<% const address = it.link("film", film); %>
<li><% if (address) { %><a href="<%= address %>"><%= film.title %></a><% } else { %><%= film.title %><% } %></li>
<% } %>
</ol>`,
  genre: `<% layout("layout", { title: it.subject }) %>
<h1><%= it.subject %>, <%= it.pager.number %> of <%= it.pager.pages %></h1>
<%~ include("partials/films", { films: it.pager.items }) %>
<% if (it.pager.next) { %><a href="<%= it.pager.next %>">Next</a><% } %>`,
  films: `<% layout("layout", { title: "Films" }) %>
<h1><%= it.pager.total %> films</h1>
<%~ include("partials/films", { films: it.pager.items }) %>
<% if (it.pager.next) { %><a href="<%= it.pager.next %>">Next</a><% } %>`,
  "partials/films": `<ul>
<% for (const film of it.films) { %>
<li><%= film.title %> (<%= film.rating %>)</li>
<% } %>
</ul>`,
  home: `<% layout("layout", { title: "Home" }) %>
<h1><%= it.films %> films</h1>
<ul>
<% for (const genre of it.genres) { %>
<li><a href="<%= it.link("genre", genre.value) %>"><%= genre.value %></a>: <%= genre.count %></li>
<% } %>
</ul>`,
  "feed.xml": `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Films</title>
<% for (const film of it.films) { %>
<entry><title><%= film.title %></title><updated><%= film.released %></updated></entry>
<% } %>
</feed>`,
  "404": `<% layout("layout", { title: "Not found" }) %>
<h1>Not found</h1>`,
};

/** A site of films, not built yet: a page for each film and genre, lists with pages, a feed, a JSON file, a 404 page. */
export function filmSite(films: readonly Film[]): TemporarySite {
  const site = new TemporarySite({ "rekiln.config.ts": CONFIG, "static/site.css": "body { color: black; }\n" });
  for (const [name, text] of Object.entries(TEMPLATES)) site.write(`templates/${name}.eta`, text);
  site.records("film", films);
  site.records(
    "director",
    Array.from({ length: 7 }, (_, index) => ({ id: `d${index}`, name: `Director ${index}` })),
  );
  return site;
}
