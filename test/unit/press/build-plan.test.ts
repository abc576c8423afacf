import { describe, expect, test } from "vitest";

import type { EntityChange } from "../../../src/core/change.ts";
import { countPagesQuietly, countSubjects, firstPagesOfRoute, planBuild } from "../../../src/press/build-plan.ts";
import type { RouteModel, Site } from "../../../src/site/site.ts";
import type { Source } from "../../../src/source/source.ts";
import { filmData, filmSite } from "./film-site.ts";

const site = filmSite();
const NAMES = [...site.routes.keys()];
const all = (value: number): ReadonlyMap<string, number> => new Map(NAMES.map((name) => [name, value]));
const change: EntityChange = { type: "film", id: "1", version: 2, fields: ["title"], before: [] };

/** A source that is asked for nothing but its changes. */
function changed(changes: readonly EntityChange[] | undefined): Source {
  return { changesSince: () => changes } as unknown as Source;
}

function routeOf(name: string): RouteModel {
  const route = site.routes.get(name);
  if (route === undefined) throw new Error(`no route ${name}`);
  return route;
}

describe("a build renders whole", () => {
  const state = { site, source: changed([change]), complete: 1, builtEpochs: all(3), epochs: all(3) };
  const every = { routes: undefined, isForced: false };

  test.each([
    ["nothing, when only entities changed", state, every, {}],
    [
      "the routes whose templates changed",
      { ...state, epochs: new Map([...all(3), ["home", 4]]) },
      every,
      { home: "templates" },
    ],
    [
      "the routes that were never whole",
      {
        ...state,
        builtEpochs: new Map([["home", 3]]),
        epochs: new Map([
          ["home", 3],
          ["films", 3],
        ]),
      },
      { ...every, routes: new Set(["home", "films"]) },
      { films: "templates" },
    ],
    ["what was asked for, when forced", state, { routes: new Set(["home"]), isForced: true }, { home: "forced" }],
    [
      "only what was asked for",
      { ...state, complete: undefined },
      { ...every, routes: new Set(["feed"]) },
      { feed: "first" },
    ],
  ])("%s", (_, given, options, wanted) => {
    expect(Object.fromEntries(planBuild(given, options).whole)).toEqual(wanted);
  });

  test.each([
    ["everything the first time", { ...state, complete: undefined }, every, "first"],
    [
      "everything when the changes aren't known any more",
      { ...state, source: changed(undefined) },
      every,
      "changes-unknown",
    ],
    [
      "everything above 20,000 changes",
      { ...state, source: changed(Array.from({ length: 20_001 }, () => change)) },
      every,
      "many-changes",
    ],
    ["everything when forced", state, { ...every, isForced: true }, "forced"],
  ])("%s", (_, given, options, reason) => {
    const { whole } = planBuild(given, options);
    expect(Object.fromEntries(whole)).toEqual(Object.fromEntries(NAMES.map((name) => [name, reason])));
  });

  test("follows 20,000 changes one by one", () => {
    const changes = Array.from({ length: 20_000 }, () => change);
    const plan = planBuild({ ...state, source: changed(changes) }, every);
    expect(plan.whole.size).toBe(0);
    expect(plan.changes).toHaveLength(20_000);
  });

  test("hands on the changes for the other routes", () => {
    expect(planBuild({ ...state, epochs: new Map([...all(3), ["home", 4]]) }, every).changes).toEqual([change]);
    expect(planBuild({ ...state, complete: undefined }, every).changes).toEqual([]);
  });
});

describe("the pages of a route", () => {
  const films = [
    { id: "1", genres: ["drama", "noir"], rating: 1 },
    { id: "2", genres: ["drama"], rating: 2 },
    { id: "3", genres: ["drama"], rating: 3, path: null },
  ];
  const pages = async (
    name: string,
    batch = 100,
    given: typeof films = films,
  ): Promise<readonly (readonly string[])[]> => {
    const { snapshot } = await filmData(site, given);
    return [...firstPagesOfRoute(routeOf(name), snapshot, batch)];
  };

  test("are one for each entity, with a path or not: a page without one has to be looked at too", async () => {
    expect(await pages("film")).toEqual([["film/1", "film/2", "film/3"]]);
  });

  test("are page 1 for each value; how many there are behind it is counted when it is pressed", async () => {
    expect(await pages("genre")).toEqual([["genre/drama", "genre/noir"]]);
    const { snapshot } = await filmData(site, films);
    const count = (subject: string): number =>
      countPagesQuietly(site, { route: "genre", subject, number: 1 }, snapshot);
    expect([count("drama"), count("noir"), count("nothing")]).toEqual([2, 1, 0]);
  });

  test("are page 1 of an empty list too", async () => {
    expect(await pages("films", 100, [])).toEqual([["films"]]);
    expect(await pages("genre", 100, [])).toEqual([]);
    expect(await pages("home", 100, [])).toEqual([["home"]]);
  });

  test("come in batches, the last of them the rest", async () => {
    expect(await pages("film", 2)).toEqual([["film/1", "film/2"], ["film/3"]]);
    expect(await pages("film", 3)).toEqual([["film/1", "film/2", "film/3"]]);
  });

  test("are one where the path can't be evaluated: its press says why", async () => {
    const throwing: Site = {
      ...site,
      routes: new Map([
        [
          "films",
          {
            ...routeOf("films"),
            path: () => {
              throw new Error("no path today");
            },
          },
        ],
      ]),
    };
    const { snapshot } = await filmData(site, films);
    expect(countPagesQuietly(throwing, { route: "films", subject: undefined, number: 1 }, snapshot)).toBe(1);
  });

  test("of more subjects than are read at once are all there, once each", async () => {
    const many = Array.from({ length: 2500 }, (_, index) => ({
      id: String(index),
      genres: [`g${index}`],
      rating: index,
    }));
    const { snapshot } = await filmData(site, many);
    for (const name of ["film", "genre"]) {
      const keys = [...firstPagesOfRoute(routeOf(name), snapshot, 256)].flat();
      expect(keys).toHaveLength(2500);
      expect(new Set(keys).size).toBe(2500);
      expect(countSubjects(routeOf(name), snapshot)).toBe(2500);
    }
    expect(countPagesQuietly(site, { route: "films", subject: undefined, number: 1 }, snapshot)).toBe(1250);
  });
});
