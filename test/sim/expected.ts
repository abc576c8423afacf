import { pageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { Entities } from "./memory-snapshot.ts";
import { PER_PAGE, textOf } from "./site.ts";
import type { Film, RouteName, TemplateNumbers } from "./site.ts";

/** A page as a clean build would make it. */
export interface ExpectedPage {
  readonly key: PageKey;
  readonly route: RouteName;
  readonly path: string;
  /** Undefined when it fails. */
  readonly text: string | undefined;
  /** The page that has the path; undefined when it is this one. */
  readonly owner: PageKey | undefined;
}

export type Expected = ReadonlyMap<PageKey, ExpectedPage>;

const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
const byRating = (left: Film, right: Film): number => right.rating - left.rating || order(left.id, right.id);

/** All pages of a site, made the plain way: nothing of what is tested is used for it. */
export function expectedPages(entities: Entities, templates: TemplateNumbers): Expected {
  // What the editors of the simulation put.
  const films = [...(entities.get("film")?.values() ?? [])].sort((l, r) => order(l.id, r.id)) as Film[];
  const directors = [...(entities.get("director")?.values() ?? [])].sort((l, r) => order(l.id, r.id));
  const pages = new Map<PageKey, ExpectedPage>();
  const owners = new Map<string, PageKey>();
  const add = (route: RouteName, key: PageKey, path: string, shown: readonly unknown[] | undefined): void => {
    const text = shown === undefined ? undefined : textOf(templates[route], [path, ...shown]);
    const place = path.toLowerCase();
    pages.set(key, { key, route, path, text, owner: owners.get(place) });
    if (!owners.has(place)) owners.set(place, key);
  };
  for (const film of films) addFilm(add, film, films, entities);
  const genres = [...new Set(films.flatMap((film) => film.genres))].sort(order);
  for (const genre of genres) addGenre(add, genre, films);
  for (const { id, ...director } of directors) {
    const made = films.filter(({ director }) => director === id);
    const best = made
      .filter((film) => film.genres.includes("a"))
      .sort(byRating)
      .slice(0, 1);
    add("director", pageKey("director", id, 1), `/d/${id}/`, [
      director["name"],
      made.length,
      best.map((film) => film.id),
    ]);
  }
  const counts = genres.map((genre) => [genre, films.filter((film) => film.genres.includes(genre)).length]);
  const top = [...films]
    .sort(byRating)
    .slice(0, 3)
    .map((film) => [film.title, pathOf(film)]);
  add("home", pageKey("home", undefined, 1), "/", [counts, films.length, top]);
  return pages;
}

type Add = (route: RouteName, key: PageKey, path: string, shown: readonly unknown[] | undefined) => void;

const pathOf = ({ isDraft, slug }: Film): string | null => (isDraft ? null : `/${slug}/`);

function addFilm(add: Add, film: Film, films: readonly Film[], entities: Entities): void {
  const path = pathOf(film);
  if (path === null) return;
  const director = entities.get("director")?.get(film.director);
  const isFailing = film.fails === "always" || (film.fails === "alone" && director === undefined);
  const related = films
    .filter((other) => other.director === film.director)
    .sort(byRating)
    .slice(0, 2);
  const rows = related.map((row) => [row.title, pathOf(row)]);
  const genre = film.genres[0] === undefined ? null : `/g/${film.genres[0]}/`;
  const shown = isFailing ? undefined : [film.title, director?.["name"] ?? null, rows, genre];
  add("film", pageKey("film", film.id, 1), path, shown);
}

function addGenre(add: Add, genre: string, films: readonly Film[]): void {
  const members = films.filter((film) => film.genres.includes(genre)).sort(byRating);
  const pages = Math.max(1, Math.ceil(members.length / PER_PAGE));
  for (let number = 1; number <= pages; number++) {
    const items = members.slice((number - 1) * PER_PAGE, number * PER_PAGE);
    const path = number === 1 ? `/g/${genre}/` : `/g/${genre}/${number}/`;
    const next = number < pages ? `/g/${genre}/${number + 1}/` : null;
    const rows = items.map(({ title, rating }) => [title, rating]);
    add("genre", pageKey("genre", genre, number), path, [rows, number, pages, next]);
  }
}
