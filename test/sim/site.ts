import type { EntityData } from "../../src/core/entity.ts";
import { raw } from "../../src/core/html.ts";
import type { Html } from "../../src/core/html.ts";
import { checkSite } from "../../src/site/check-site.ts";
import { unchecked } from "../../src/site/entities.ts";
import type { PageProps } from "../../src/site/route.ts";
import type { RouteModel, Site } from "../../src/site/site.ts";

export interface Film extends EntityData {
  readonly title: string;
  readonly slug: string;
  readonly director: string;
  readonly genres: readonly string[];
  readonly rating: number;
  readonly isDraft: boolean;
  /** Its page fails: always, or when it has no director. */
  readonly fails: "always" | "alone" | "never";
}

/** `Read` as it is when it knows no types. */
interface LooseRead {
  get(type: string, id: string): Promise<EntityData | undefined>;
  list(type: string, query: object): Promise<readonly EntityData[]>;
  count(type: string, where?: object): Promise<number>;
  values(type: string, field: string): Promise<readonly { readonly value: unknown; readonly count: number }[]>;
}

interface LoosePager {
  readonly items: readonly EntityData[];
  readonly number: number;
  readonly pages: number;
  readonly total: number;
  readonly next: string | undefined;
}

const ROUTES = ["film", "genre", "director", "home"] as const;
export type RouteName = (typeof ROUTES)[number];
export const PER_PAGE = 2;
const URL = "https://films.example";

/** By route: the number of its template. */
export type TemplateNumbers = Readonly<Record<RouteName, number>>;

/** Which templates a set holds, by route: what a fingerprint would tell. */
export function templatesOf(set: number): TemplateNumbers {
  return { film: set, genre: 0, director: set >> 1, home: (set + 1) >> 1 };
}

/** The templates that fingerprints were taken of; 0 where a route has none. */
export function templatesOfFingerprints(fingerprintOf: (route: RouteName) => string | undefined): TemplateNumbers {
  const [film, genre, director, home] = ROUTES.map((route) => Number(fingerprintOf(route) ?? 0));
  return { film: film ?? 0, genre: genre ?? 0, director: director ?? 0, home: home ?? 0 };
}

export function fingerprintsOf(set: number): ReadonlyMap<string, string> {
  return new Map(Object.entries(templatesOf(set)).map(([route, template]) => [route, String(template)]));
}

/** What a page says: the number of its template, and what it shows. */
export function textOf(template: number, shown: readonly unknown[]): string {
  return `<p>${JSON.stringify([template, ...shown])}</p>`;
}

type Props = PageProps & Readonly<Record<string, unknown>>;

function routesOf(set: number): Readonly<Record<RouteName, unknown>> {
  const templates = templatesOf(set);
  const printed =
    (route: RouteName, show: (props: Props) => readonly unknown[]) =>
    (props: object & PageProps): Html =>
      // What `load` of the route gave, as it is here.
      raw(textOf(templates[route], [props.path, ...show(props as Props)]));
  return {
    film: {
      each: "film",
      path: (film: Film) => (film.isDraft ? null : `/${film.slug}/`),
      load: async (read: LooseRead, film: Film) => ({
        film,
        director: await read.get("director", film.director),
        related: await read.list("film", { where: { director: film.director }, orderBy: "-rating", limit: 2 }),
      }),
      template: printed("film", ({ film: given, director: made, related, ...props }) => {
        const film = given as Film;
        const director = made as EntityData | undefined;
        if (film.fails === "always" || (film.fails === "alone" && director === undefined)) throw new Error("it fails");
        const rows = (related as readonly Film[]).map((row) => [row.title, props.link("film", row) ?? null]);
        return [film.title, director?.["name"] ?? null, rows, props.link("genre", film.genres[0] ?? "none") ?? null];
      }),
    },
    genre: {
      each: { type: "film", field: "genres" },
      path: (genre: string) => `/g/${genre}/`,
      list: { of: "film", where: (genre: string) => ({ genres: genre }), orderBy: "-rating", perPage: PER_PAGE },
      template: printed("genre", ({ pager: given }) => {
        const pager = given as LoosePager;
        const rows = pager.items.map((row) => [row["title"], row["rating"]]);
        return [rows, pager.number, pager.pages, pager.next ?? null];
      }),
    },
    director: {
      each: "director",
      path: (director: EntityData) => `/d/${director.id}/`,
      load: async (read: LooseRead, director: EntityData) => ({
        director,
        films: await read.count("film", { director: director.id }),
        best: await read.list("film", { where: { director: director.id, genres: "a" }, orderBy: "-rating", limit: 1 }),
      }),
      template: printed("director", ({ director, films, best }) => [
        (director as EntityData)["name"],
        films,
        (best as readonly Film[]).map(({ id }) => id),
      ]),
    },
    home: {
      path: "/",
      load: async (read: LooseRead) => ({
        genres: await read.values("film", "genres"),
        films: await read.count("film"),
        top: await read.list("film", { orderBy: ["-rating", "id"], limit: 3 }),
      }),
      template: printed("home", ({ genres, films, top, ...props }) => [
        (genres as readonly { readonly value: unknown; readonly count: number }[]).map(({ value, count }) => [
          value,
          count,
        ]),
        films,
        (top as readonly Film[]).map((film) => [film.title, props.link("film", film) ?? null]),
      ]),
    },
  };
}

const sites = new Map<number, Site>();

/** The site with a set of templates. Its `load`s let others go first, where they wait for what they read. */
export function siteOf(set: number, turn: (label: string) => Promise<void>): Site {
  let site = sites.get(set);
  if (site === undefined) {
    const film = { schema: unchecked(), index: ["genres", "rating", "director"] };
    const checked = checkSite({
      url: URL,
      source: { kind: "embedded" },
      entities: { types: { film, director: { schema: unchecked(), index: [] } } },
      routes: routesOf(set),
    });
    if (!("site" in checked)) throw new Error(JSON.stringify(checked.problems));
    ({ site } = checked);
    sites.set(set, site);
  }
  const routes = [...site.routes].map(([name, route]): [string, RouteModel] => [name, waiting(route, turn)]);
  return { ...site, routes: new Map(routes) };
}

function waiting(route: RouteModel, turn: (label: string) => Promise<void>): RouteModel {
  const { load } = route;
  return {
    ...route,
    load: async (read, subject, pager) => {
      await turn("load");
      return load === undefined ? { subject, pager } : await load(read, subject, pager);
    },
  };
}
