import { describe, expect, test } from "vitest";

import { ceilingFor, parseSiteRecord, registerTemplates, unregisteredRoutes } from "../../../src/press/site-record.ts";
import type { SiteRecord, Templates } from "../../../src/press/site-record.ts";

const RECORD: SiteRecord = {
  format: 1,
  siteId: "site",
  source: "files:data/",
  generation: 1,
  epoch: 4,
  routes: { film: { epoch: 4, fingerprint: "film-1" }, home: { epoch: 2, fingerprint: "home-1" } },
  assets: { "site.css": "css-1" },
  ceiling: 1_000_000,
  version: 12,
  isFirstBuild: false,
};

function templates(
  routes: Readonly<Record<string, string>>,
  assets: Readonly<Record<string, string>> = RECORD.assets,
  users: Readonly<Record<string, readonly string[]>> = {},
): Templates {
  return {
    routes: new Map(Object.entries(routes)),
    assets: new Map(Object.entries(assets)),
    usersOf: (asset) => new Set(Object.hasOwn(users, asset) ? users[asset] : []),
  };
}
const SAME = { film: "film-1", home: "home-1" };
const epochsOf = (record: SiteRecord): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(record.routes).map(([route, { epoch }]) => [route, epoch]));

describe("registerTemplates", () => {
  test("keeps the epoch when nothing changed", () => {
    expect(registerTemplates(RECORD, templates(SAME))).toEqual(RECORD);
  });

  test("gives a new epoch to the route whose template changed, and to no other", () => {
    const record = registerTemplates(RECORD, templates({ ...SAME, film: "film-2" }));
    expect(record.epoch).toBe(5);
    expect(epochsOf(record)).toEqual({ film: 5, home: 2 });
    expect(record.routes["film"]?.fingerprint).toBe("film-2");
  });

  test("gives a new route a new epoch", () => {
    const record = registerTemplates(RECORD, templates({ ...SAME, genre: "genre-1" }));
    expect(record.epoch).toBe(5);
    expect(epochsOf(record)).toEqual({ film: 4, home: 2, genre: 5 });
  });

  test("counts templates of before as new: a rollback is an epoch too", () => {
    const forward = registerTemplates(RECORD, templates({ ...SAME, film: "film-2" }));
    const back = registerTemplates(forward, templates(SAME));
    expect(back.epoch).toBe(6);
    expect(epochsOf(back)).toEqual({ film: 6, home: 2 });
  });

  test("begins with epoch 1", () => {
    const fresh = { ...RECORD, epoch: 0, routes: {}, assets: {} };
    const record = registerTemplates(fresh, templates(SAME));
    expect(record.epoch).toBe(1);
    expect(epochsOf(record)).toEqual({ film: 1, home: 1 });
  });

  test("counts on from the stamps when the record had to be rebuilt", () => {
    const rebuilt = { ...RECORD, epoch: 9, routes: {}, assets: {} };
    expect(epochsOf(registerTemplates(rebuilt, templates(SAME)))).toEqual({ film: 10, home: 10 });
  });

  const users = { "site.css": ["film", "gone"], "new.css": ["home"] };
  test.each([
    ["another content", { "site.css": "css-2" }, { film: 5, home: 2 }],
    ["no file any more", {}, { film: 5, home: 2 }],
    ["a file that wasn't there", { "site.css": "css-1", "new.css": "x" }, { film: 4, home: 5 }],
    ["one that no page uses", { "site.css": "css-1", "other.css": "x" }, { film: 4, home: 2 }],
    ["a name that every object has", { "site.css": "css-1", constructor: "x" }, { film: 4, home: 2 }],
  ])("presses the routes that use an asset with %s", (_, assets, epochs) => {
    const record = registerTemplates(RECORD, templates(SAME, assets, users));
    expect(epochsOf(record)).toEqual(epochs);
    expect(record.assets).toEqual(assets);
    expect(registerTemplates(record, templates(SAME, assets, users))).toEqual(record);
  });

  test("knows routes by names that every object has", () => {
    const record = registerTemplates(RECORD, templates({ ...SAME, constructor: "c-1", toString: "t-1" }));
    expect(epochsOf(record)).toEqual({ film: 4, home: 2, constructor: 5, toString: 5 });
    const stored = parseSiteRecord(JSON.stringify(record));
    expect(stored).toEqual(record);
    expect(registerTemplates(record, templates({ ...SAME, constructor: "c-1", toString: "t-1" }))).toEqual(record);
  });

  test("forgets a route that is gone when the others change", () => {
    expect(epochsOf(registerTemplates(RECORD, templates({ film: "film-2" })))).toEqual({ film: 5 });
  });
});

describe("the ceiling of versions", () => {
  test.each([
    [1_000_000, 12, 1_000_000],
    [1_000_000, 1_000_000, 1_000_000],
    [1_000_000, 1_000_001, 2_000_001],
    [0, 0, 0],
    [0, 1, 1_000_001],
  ])("of %i is for version %i %i", (ceiling, version, wanted) => {
    expect(ceilingFor({ ...RECORD, ceiling }, version)).toBe(wanted);
  });
});

describe("a stored record", () => {
  test("is read back as it was written", () => {
    expect(parseSiteRecord(JSON.stringify(RECORD, undefined, 2))).toEqual(RECORD);
  });

  test.each([
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...RECORD, format: 2 }),
    JSON.stringify({ ...RECORD, epoch: "4" }),
  ])("is none when it is %j", (text) => {
    expect(parseSiteRecord(text)).toBeUndefined();
  });
});

describe("registerTemplates of some routes", () => {
  const onlyFilm = new Set(["film"]);

  test("leaves the others to whoever renders them", () => {
    const given = templates({ film: "film-2", home: "home-2", constructor: "c-1" });
    const record = registerTemplates(RECORD, given, onlyFilm);
    expect(epochsOf(record)).toEqual({ film: 5, home: 2 });
    expect(unregisteredRoutes(record, given)).toEqual(new Set(["home", "constructor"]));
    expect(epochsOf(registerTemplates(record, given))).toEqual({ film: 5, home: 6, constructor: 6 });
  });

  test("is no new epoch when they are as they were", () => {
    expect(registerTemplates(RECORD, templates({ ...SAME, home: "home-2" }), onlyFilm)).toEqual(RECORD);
  });

  test("leaves an asset that others use as it was registered", () => {
    const assets = { "site.css": "css-2", "film.css": "css-1" };
    const given = templates(SAME, assets, { "site.css": ["film", "home"], "film.css": ["film"] });
    const record = registerTemplates(RECORD, given, onlyFilm);
    expect(record.assets).toEqual({ "site.css": "css-1", "film.css": "css-1" });
    expect(epochsOf(registerTemplates(record, given))).toEqual({ film: 6, home: 6 });
  });
});
