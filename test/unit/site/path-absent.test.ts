import { describe, expect, test } from "vitest";

import type { EntityData } from "../../../src/core/entity.ts";
import { absentInPath } from "../../../src/site/path-absent.ts";
import { slug } from "../../../src/site/slug.ts";
import { EntityUse } from "../../../src/source/recording-view.ts";

interface Film extends EntityData {
  readonly title?: string;
  readonly slug?: string | null;
  readonly year?: number;
  readonly draft?: boolean;
  readonly genres?: readonly (string | null)[];
  readonly director?: { readonly name?: string; readonly born?: { readonly place: string } };
}
type Path = (film: Film) => string | null;

function absentIn(film: Film, path: Path): unknown {
  const { view } = new EntityUse("film", film.id, { id: film.id, data: film });
  // It is the film, seen through its view.
  const ofView = (subject: object): string | null => path(subject as Film);
  const text = view === undefined ? null : ofView(view);
  if (view === undefined || text === null) throw new Error("a path that says nothing");
  return absentInPath(ofView, view, text);
}

const bare: Film = { id: "42" };
/** Against its type, as data can be that nobody checks. */
const FROM_JAVASCRIPT = JSON.parse('{"id":"42","slug":{}}') as Film;

describe("a value that isn't there is found in a path", () => {
  test.each<[string, Film, Path, string, string]>([
    ["by +", bare, (f) => "/films/" + String(f.slug) + "/", "slug", "absent"],
    ["in a template literal", bare, (f) => `/films/${f.slug}/`, "slug", "absent"],
    ["in capitals", bare, (f) => `/films/${f.slug}/`.toUpperCase(), "slug", "absent"],
    ["that is null", { ...bare, slug: null }, (f) => `/films/${f.slug}/`, "slug", "null"],
    ["as a number", bare, (f) => `/films/${Number(f.year) - 1}/`, "year", "absent"],
    ["beside others that are tested", bare, (f) => (f.draft === true ? null : `/films/${f.slug}/`), "slug", "absent"],
    ["in an empty list", { ...bare, genres: [] }, (f) => `/films/${f.genres?.[0]}/`, "genres.0", "absent"],
    ["in a list", { ...bare, genres: ["a", null] }, (f) => `/films/${f.genres?.[1]}/`, "genres.1", "null"],
    ["in an object", { ...bare, director: {} }, (f) => `/films/${f.director?.name}/`, "director.name", "absent"],
    ["behind ?.", bare, (f) => `/films/${f.director?.name}/`, "director", "absent"],
    ["far behind ?.", bare, (f) => `/films/${f.director?.born?.place.trim().at(0)}/`, "director", "absent"],
    ["an object", FROM_JAVASCRIPT, (f) => `/films/${f.slug}/`, "slug", "an object"],
    ["beside a text that is the word", { ...bare, title: "null" }, (f) => `/${f.title}/${f.slug}/`, "slug", "absent"],
  ])("%s", (_what, film, path, field, is) => {
    expect(absentIn(film, path)).toEqual({ field, is });
  });
});

describe("nothing is found in a path", () => {
  test.each<[string, Film, Path]>([
    ["of a film whose slug is the word", { ...bare, slug: "undefined" }, (f) => `/films/${f.slug}/`],
    ["of a film whose id is the word", { id: "undefined" }, (f) => `/films/${f.slug ?? f.id}/`],
    ["of a film whose id is the word, behind ?.", { id: "null" }, (f) => `/films/${f.director?.name ?? f.id}/`],
    ["that falls back", bare, (f) => `/films/null/${f.slug ?? f.id}/`],
    ["that falls back on such a word", bare, (f) => `/films/${f.slug ?? "undefined"}/`],
    ["that tests what isn't there", bare, (f) => (f.draft === true ? null : `/null/${f.id}/`)],
    ["that the config writes", bare, (f) => `/glossary/null/NaN/undefined/${f.id}/`],
    ["with such letters in a word", { ...bare, title: "Finance, annulled" }, (f) => `/${slug(f.title ?? "")}/`],
    ["that looks names up by others", { ...bare, title: "null" }, (f) => `/${{ null: "nan" }[f.title ?? ""]}/`],
  ])("%s", (_what, film, path) => {
    expect(absentIn(film, path)).toBeUndefined();
  });
});
