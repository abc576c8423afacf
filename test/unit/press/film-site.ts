import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { json } from "../../../src/core/json-template.ts";
import { checkSite } from "../../../src/site/check-site.ts";
import { defineSite, files } from "../../../src/site/define-site.ts";
import { defineEntities, entity, unchecked } from "../../../src/site/entities.ts";
import type { Site } from "../../../src/site/site.ts";
import { slug } from "../../../src/site/slug.ts";
import { FilesSource } from "../../../src/source/files-source.ts";
import type { Snapshot, Source } from "../../../src/source/source.ts";

export interface Film {
  readonly id: string;
  readonly title?: string;
  /** Null: it has no page. */
  readonly path?: string | null;
  /** Where route `alias` puts it; it has none without. */
  readonly alias?: string;
  readonly genres?: readonly string[];
  readonly rating?: number;
  readonly director?: string;
}

export interface Director {
  readonly id: string;
  readonly name?: string;
}

const entities = defineEntities({
  film: entity(
    unchecked<{
      id: string;
      title: string;
      path: string | null;
      alias: string;
      genres: string[];
      rating: number;
      director: string;
    }>(),
    { index: ["genres", "rating", "director"] },
  ),
  director: entity(unchecked<{ id: string; name: string }>()),
});
const { route, distinct } = entities;

/** A small site: two routes of films that may want one path, genres and all films with lists, and single pages. */
export function filmSite(): Site {
  const checked = checkSite(
    defineSite({
      url: "https://films.example/base",
      source: files("data/"),
      entities,
      routes: {
        film: route({
          each: "film",
          path: (film) => (film.path === undefined ? `/films/${film.id}/` : film.path),
          template: json,
        }),
        alias: route({ each: "film", path: (film) => film.alias ?? null, template: json }),
        genre: route({
          each: distinct("film", "genres"),
          path: (genre) => `/genres/${slug(genre)}/`,
          list: { of: "film", where: (genre) => ({ genres: genre }), orderBy: "-rating", perPage: 2 },
          template: json,
        }),
        films: route({ path: "/films/", list: { of: "film", orderBy: "-rating", perPage: 2 }, template: json }),
        home: route({ path: "/", template: json, load: () => ({}) }),
        feed: route({ path: "/feed.xml", template: "feed.xml" }),
      },
    }),
  );
  if ("problems" in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.site;
}

/** A folder that is gone when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rekiln-press-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface FilmData {
  readonly source: Source;
  readonly snapshot: Snapshot;
  /** Takes other films, and gives a snapshot of them. */
  put(films: readonly Film[]): Promise<Snapshot>;
}

/** A source of these films and directors. */
export async function filmData(
  site: Site,
  films: readonly Film[],
  directors: readonly Director[] = [{ id: "scott", name: "Ridley Scott" }],
): Promise<FilmData> {
  const folder = temporaryFolder();
  const dir = join(folder, "data");
  mkdirSync(dir);
  const write = (type: string, records: readonly object[]): void =>
    writeFileSync(join(dir, `${type}.ndjson`), records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  write("director", directors);
  const source = new FilesSource({
    dir,
    name: "data",
    mirror: join(folder, "entities.db"),
    models: site.entities,
    fingerprint: "1",
    firstVersion: 0,
  });
  onTestFinished(() => source[Symbol.dispose]());
  const refresh = async (records: readonly Film[]): Promise<void> => {
    write("film", records);
    await source.refresh(() => undefined, new AbortController().signal);
  };
  await refresh(films);
  // A reader of its own for each snapshot: it lasts until the reader takes another one.
  const taken = (): Snapshot => {
    const reader = source.reader();
    onTestFinished(() => reader[Symbol.dispose]());
    return reader.snapshot();
  };
  return {
    source,
    snapshot: taken(),
    put: async (next) => {
      await refresh(next);
      return taken();
    },
  };
}
