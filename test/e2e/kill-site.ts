import { expect } from "vitest";

import { build, Running } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmsOf } from "./film-site.ts";
import type { Film } from "./film-site.ts";

/** Builds that are killed; `npm run test:kills` kills more of them. */
export const KILLS = Number(process.env["REKILN_KILLS"] ?? 4);
/** With genres of two pages each, and lists, some 750 pages. */
const FILMS = 700;
const GENRES = 16;

/** Two states of the data with every kind of edit between them. */
export const before: readonly Film[] = filmsOf(FILMS).map((film, index) => ({
  ...film,
  genres: [`genre ${index % GENRES}`, `genre ${(index * 7 + 1) % GENRES}`],
}));
export const after: readonly Film[] = [...before.flatMap(edited), ...[1, 2, 3].map((n) => filmOf(FILMS + n))];

function edited(film: Film): Film[] {
  const number = Number(film.id);
  switch (number % 100) {
    case 0:
      return [];
    case 1:
      return [{ ...film, title: `${film.title}, restored` }];
    case 2:
      return [{ ...film, slug: `${film.slug}-again` }];
    // Each takes the path of the other.
    case 3:
      return [{ ...film, slug: `film-${number + 1}` }];
    case 4:
      return [{ ...film, slug: `film-${number - 1}` }];
    case 5:
      return [{ ...film, genres: ["genre 7"], rating: 10 - film.rating }];
    case 6:
      return [{ ...film, draft: true }];
    default:
      return [film];
  }
}

/** A clean build of the site's sources. */
export async function cleanPages(site: TemporarySite): Promise<ReadonlyMap<string, string>> {
  const copy = site.copy();
  const built = await build(copy.folder);
  expect(built.exitCode).toBe(0);
  return copy.pages();
}

/** Kills builds at random moments of the time that they take, which it learns. */
export class Killer {
  #seconds: number;
  /** Moments that are spread over the whole time, whatever the first one was. */
  #fraction = Math.random();

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** Starts a build and kills it. Gives the moment in milliseconds, and undefined when it ended before. */
  async kill(folder: string, args: readonly string[]): Promise<number | undefined> {
    this.#fraction = (this.#fraction + 0.618_034) % 1;
    const delayMs = Math.round((0.05 + 0.9 * this.#fraction) * this.#seconds * 1000);
    const running = new Running(folder, ["build", ...args]);
    const timer = setTimeout(() => running.kill("SIGKILL"), delayMs);
    const { signal } = await running.ended;
    clearTimeout(timer);
    // The machine is busier or idler than it was, and each build that was killed left less to do.
    this.#seconds *= signal === "SIGKILL" ? 1.05 : 0.75;
    return signal === "SIGKILL" ? delayMs : undefined;
  }
}

/**
 * Starts a build `times` times and kills each, then lets one end: it must have made exactly `expected`, leave nothing
 * else, and leave nothing to do. Gives the number of builds that were really killed.
 */
export async function killAndFinish(
  killer: Killer,
  site: TemporarySite,
  args: readonly string[],
  times: number,
  expected: ReadonlyMap<string, string>,
): Promise<number> {
  const moments: number[] = [];
  for (let time = 0; time < times; time++) {
    const moment = await killer.kill(site.folder, args);
    if (moment !== undefined) moments.push(moment);
  }
  const story = `killed after ${moments.join(", ")} ms`;
  const finished = await build(site.folder);
  expect(finished.exitCode, `${story}: ${finished.stderr}`).toBe(0);
  expect(differences(expected, site.pages()), story).toEqual([]);
  expect(site.leftovers(), story).toEqual([]);
  const redirects = site.redirects();
  const files = new Set(site.files());
  const astray = Object.values(redirects).filter((address) => !files.has(`${address.slice(1)}index.html`));
  expect(astray, story).toEqual([]);
  const marks = site.marks();
  const next = await build(site.folder);
  expect({ wrote: next.wrote, removed: next.removed, exitCode: next.exitCode }, story).toEqual({
    wrote: 0,
    removed: 0,
    exitCode: 0,
  });
  expect(differences(marks, site.marks()), story).toEqual([]);
  expect(site.redirects(), story).toEqual(redirects);
  return moments.length;
}

/** How often builds are killed in each round, until there were enough of them. */
export const killsIn = (round: number): number => [1, 3][round] ?? 7;
