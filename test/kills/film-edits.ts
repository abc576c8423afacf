import { filmOf } from "../e2e/film-site.ts";
import type { Film } from "../e2e/film-site.ts";
import type { Edit } from "../../src/source/edit.ts";

/** An edit of a film, the same for the same number, whatever was done before. */
export interface FilmEdit {
  readonly id: string;
  /** Undefined: it is deleted. */
  readonly film: Film | undefined;
}

const GENRES = 45;

/** A film as it stands before all edits. */
export function firstFilm(number: number): Film {
  return { ...filmOf(number), genres: [`genre ${number % GENRES}`, `genre ${(number * 7 + 1) % GENRES}`] };
}

/** Films that keep their page and its path through all edits: a reader must always find them. */
export const isLasting = (number: number): boolean => number % 4 === 0;

/** Spreads whole numbers, the same for the same number. */
function spread(number: number): number {
  let mixed = Math.imul(number ^ 0x9e37_79b9, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Edit number `place` of the history of a site that had `films` films. */
export function editOf(place: number, films: number): FilmEdit {
  const number = 1 + (spread(place) % films);
  const first = firstFilm(number);
  const id = first.id;
  const dice = spread(place + 1_000_003) % 100;
  const titled = { ...first, title: `Film ${number}, edit ${place}` };
  if (dice < 50) return { id, film: titled };
  if (dice < 75) return { id, film: { ...titled, rating: (spread(place + 7) % 100) / 10 } };
  if (dice < 85) return { id, film: { ...titled, genres: [`genre ${spread(place + 9) % GENRES}`] } };
  if (isLasting(number)) return { id, film: titled };
  if (dice < 92) return { id, film: { ...titled, slug: `film-${number}-${place}` } };
  if (dice < 95) return { id, film: { ...titled, draft: true } };
  return { id, film: undefined };
}

export function asEdit({ id, film }: FilmEdit): Edit {
  return film === undefined ? { kind: "delete", type: "film", id } : { kind: "put", type: "film", input: film };
}

/** The films that there are after all edits. */
export function filmsAfter(films: number, edits: number): readonly Film[] {
  const all = new Map(Array.from({ length: films }, (_, index) => [String(index + 1), firstFilm(index + 1)]));
  for (let place = 0; place < edits; place++) {
    const { id, film } = editOf(place, films);
    if (film === undefined) all.delete(id);
    else all.set(id, film);
  }
  return [...all.values()];
}
