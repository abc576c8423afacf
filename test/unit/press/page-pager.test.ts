import { describe, expect, test } from "vitest";

import type { Dependency } from "../../../src/core/dependency.ts";
import type { EntityData } from "../../../src/core/entity.ts";
import { conditionRef, entityRef } from "../../../src/core/ref.ts";
import { PagePager, PagerReads } from "../../../src/press/page-pager.ts";
import { PageReader } from "../../../src/press/page-reader.ts";
import { PageRecorder } from "../../../src/press/page-recorder.ts";
import { parsePath } from "../../../src/site/path.ts";
import type { Pager } from "../../../src/site/route.ts";
import { filmData, filmSite } from "./film-site.ts";

const site = filmSite();
const FILMS = [1, 2, 3, 4, 5].map((rating) => ({ id: String(rating), genres: ["space"], rating }));
const WHERE = { genres: "space" };
const ORDER = [{ field: "rating", descending: true }];
const REF = conditionRef("film", "genres", "space");
const EXTENT: Dependency = { kind: "extent", where: WHERE, perPage: 2 };

/** The pager of a page of all films about space, best first, two a page. */
async function pagerOf(
  number: number,
  films = FILMS,
): Promise<{ pager: Pager<EntityData>; recorded: () => readonly Dependency[]; recorder: PageRecorder }> {
  const list = site.routes.get("genre")?.list;
  const parsed = parsePath("/genres/space/");
  if (list === undefined || !parsed.ok) throw new Error("no list");
  const { snapshot } = await filmData(site, films);
  const recorder = new PageRecorder();
  const reader = new PageReader(snapshot, recorder, 0);
  const input = { site, list, subject: "space", path: parsed.path, number, snapshot, recorder, reader };
  const pager = new PagePager(new PagerReads(input));
  const recorded = (): readonly Dependency[] =>
    recorder.edges().flatMap(({ ref, dependency }) => (ref === REF ? [dependency] : []));
  return { pager, recorded, recorder };
}

const ids = (pager: Pager<EntityData>): readonly string[] => pager.items.map(({ id }) => id);

describe("a pager", () => {
  test.each([
    [1, ["5", "4"], undefined, "/base/genres/space/2/"],
    [2, ["3", "2"], "/base/genres/space/", "/base/genres/space/3/"],
    [3, ["1"], "/base/genres/space/2/", undefined],
  ])("of page %i holds its rows and the addresses beside it", async (number, rows, prev, next) => {
    const { pager } = await pagerOf(number);
    expect(ids(pager)).toEqual(rows);
    expect(pager).toMatchObject({
      number,
      pages: 3,
      total: 5,
      first: "/base/genres/space/",
      last: "/base/genres/space/3/",
    });
    expect([pager.prev, pager.next]).toEqual([prev, next]);
  });

  test("of an empty list has page 1", async () => {
    const { pager } = await pagerOf(1, []);
    expect(pager).toMatchObject({ items: [], pages: 1, total: 0, prev: undefined, next: undefined });
    expect(pager.last).toBe(pager.first);
  });

  test("hands out one list of rows, and can't be changed", async () => {
    const { pager } = await pagerOf(1);
    expect(pager.items).toBe(pager.items);
    expect(Object.isFrozen(pager)).toBe(true);
  });
});

describe("a pager records", () => {
  test("on page 1 which further pages there are, read or not", async () => {
    expect((await pagerOf(1)).recorded()).toEqual([EXTENT]);
    expect((await pagerOf(2)).recorded()).toEqual([]);
  });

  test("nothing for its own number, the first address and the one before", async () => {
    const { pager, recorded } = await pagerOf(2);
    void [pager.number, pager.first, pager.prev];
    expect(recorded()).toEqual([]);
  });

  test.each(["pages", "next", "last"] as const)("for `%s` only the number of pages", async (name) => {
    const { pager, recorded } = await pagerOf(2);
    void pager[name];
    expect(recorded()).toEqual([{ kind: "pages", where: WHERE, perPage: 2, answer: 3 }]);
  });

  test("for `total` the count", async () => {
    const { pager, recorded } = await pagerOf(2);
    void pager.total;
    expect(recorded()).toEqual([{ kind: "count", where: WHERE }]);
  });

  test.each([
    [1, { last: { values: [4], id: "4" } }],
    [2, { first: { values: [3], id: "3" }, last: { values: [2], id: "2" } }],
    [3, { first: { values: [1], id: "1" } }],
  ])("for the rows of page %i their window", async (number, ends) => {
    const { pager, recorded } = await pagerOf(number);
    void pager.items;
    const window = { kind: "window", window: { where: WHERE, order: ORDER, ...ends } };
    expect(recorded()).toEqual(number === 1 ? [EXTENT, window] : [window]);
  });

  test("of each row what was used of it", async () => {
    const { pager, recorder } = await pagerOf(3);
    for (const film of pager.items) void film["rating"];
    expect(recorder.edges()).toContainEqual({
      ref: entityRef("film", "1"),
      dependency: { kind: "entity", fields: ["rating"] },
    });
  });
});
