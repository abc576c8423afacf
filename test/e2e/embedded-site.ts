import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { decodeChange } from "../../src/core/change-event.ts";
import type { ChangeEvent } from "../../src/core/change-event.ts";
import { TemporarySite } from "../support/temporary-site.ts";

const CONFIG = `import { z } from "zod";
import { defineEntities, defineSite, embedded, entity } from "rekiln";

const entities = defineEntities({
  film: entity(z.object({ id: z.string(), title: z.string(), genres: z.array(z.string()).default([]) }), { index: ["title", "genres"] }),
});

export default defineSite({
  url: "https://films.example",
  source: embedded(),
  entities,
  routes: {
    film: entities.route({ each: "film", path: (film) => \`/films/\${film.id.replaceAll(":", "-")}/\`, template: "film" }),
    genre: entities.route({
      each: entities.distinct("film", "genres"),
      path: (genre) => \`/genres/\${genre}/\`,
      list: { of: "film", where: (genre) => ({ genres: genre }), orderBy: "title", perPage: 50 },
      template: "genre",
    }),
  },
});
`;

/** A site whose source rekiln owns, with a page for each film and genre, without any data. */
export function embeddedSite(): TemporarySite {
  return new TemporarySite({
    "rekiln.config.ts": CONFIG,
    "templates/film.eta": "<!doctype html><title><%= it.subject.title %></title>",
    "templates/genre.eta":
      "<!doctype html><title><%= it.subject %></title><% for (const film of it.pager.items) { %><p><%= film.title %></p><% } %>",
  });
}

type Row = Readonly<Record<string, unknown>>;

/** The rows of a query that begins with a table's name; none where there is no such table yet. */
function rowsOf(site: TemporarySite, file: string, columns: string, from: string): readonly Row[] {
  const path = join(site.folder, ".rekiln", file);
  if (!existsSync(path)) return [];
  using database = new DatabaseSync(path, { readOnly: true });
  const [table = ""] = from.split(" ");
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(table) === undefined) return [];
  return database.prepare(`SELECT ${columns} FROM ${from}`).all();
}

/** The events in a site's queue, the oldest first. */
export function queued(site: TemporarySite): readonly ChangeEvent[] {
  return rowsOf(site, "queue-live.db", "body", "message ORDER BY id").map(({ body }) => {
    const decoded = decodeChange(String(body));
    if (!decoded.ok) throw new Error(decoded.problem);
    return decoded.event;
  });
}

/** The entities that a site's queue hasn't been told of. */
export function waiting(site: TemporarySite): readonly string[] {
  return rowsOf(site, "entities.db", "type, id", "change WHERE queued = 0 ORDER BY number").map(
    ({ type, id }) => `${String(type)}:${String(id)}`,
  );
}

/** The entities of a type that has the first number. */
export function storedIds(site: TemporarySite): readonly string[] {
  return rowsOf(site, "entities.db", "id", "e1 ORDER BY seq").map(({ id }) => String(id));
}
