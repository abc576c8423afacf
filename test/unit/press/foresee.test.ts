import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Supposed } from "../../../src/press/foresee.ts";
import type { ModelList, ModelRoute } from "../../support/model-site.ts";
import { PLAIN_ROUTE, SmallSite } from "../../support/small-site.ts";
import type { Fields } from "../../support/small-site.ts";

const byRank: ModelList = { of: 0, where: {}, orderBy: ["-rank"], perPage: 2 };

/** A page for each entity; the three best of all; the best two of a kind; counts and values; lists by kind with their pages, and a link. */
const ROUTES: readonly ModelRoute[] = [
  { ...PLAIN_ROUTE, each: { type: 0 }, prefix: "a", hasDrafts: true, prints: [[{ print: "subject", use: ["title"] }]] },
  {
    ...PLAIN_ROUTE,
    prefix: "b",
    steps: [{ read: "list", type: 0, where: {}, orderBy: ["-rank"], limit: 3, use: ["title"] }],
  },
  {
    ...PLAIN_ROUTE,
    prefix: "c",
    steps: [
      { read: "count", type: 0, where: { tags: "x" } },
      { read: "values", type: 0, field: "tags", isCounted: false },
    ],
  },
  {
    ...PLAIN_ROUTE,
    each: { type: 0, field: "kind" },
    prefix: "d",
    list: { ...byRank, where: { kind: { ofSubject: "" } } },
    prints: [[{ print: "items", use: ["title"] }, { print: "next" }]],
  },
  { ...PLAIN_ROUTE, prefix: "e", prints: [[{ print: "link", route: 3, subject: "literal", literal: "k1", page: 2 }]] },
  { ...PLAIN_ROUTE, each: { type: 0 }, prefix: "f", steps: [{ read: "get", type: 0, id: "e1", use: "exists" }] },
];

const fields = fc.record({
  title: fc.constantFrom("one", "two"),
  rank: fc.integer({ min: 0, max: 5 }),
  kind: fc.constantFrom("k1", "k2", "k3"),
  tags: fc.subarray(["x", "y"]),
  flag: fc.boolean(),
});
const entities = fc.uniqueArray(fc.tuple(fc.constantFrom("e0", "e1", "e2", "e3", "e4", "e5"), fields), {
  selector: ([id]) => id,
  minLength: 2,
});

const recordOf = (id: string, data: Fields): Supposed => ({ kind: "record", data: { id, ...data } });
const keysOf = (pages: ReadonlyMap<string, unknown>): readonly string[] => [...pages.keys()].toSorted();

async function builtSite(all: readonly (readonly [string, Fields])[]): Promise<SmallSite> {
  const site = new SmallSite(ROUTES, Object.fromEntries(all));
  await site.build();
  return site;
}

describe("what is foreseen is what the next build renders", () => {
  test("of a new record, whether its entity is there or not", async () => {
    await fc.assert(
      fc.asyncProperty(entities, fc.constantFrom("e0", "e1", "e2", "e9"), fields, async (all, id, data) => {
        const site = await builtSite(all);
        const foreseen = keysOf(site.foresee(id, recordOf(id, data)));
        site.put(id, data);
        expect(await site.rendered()).toEqual(foreseen);
      }),
      { numRuns: 25 },
    );
  });

  test("of a deletion", async () => {
    await fc.assert(
      fc.asyncProperty(entities, async (all) => {
        const site = await builtSite(all);
        const id = all[0]?.[0] ?? "";
        const foreseen = keysOf(site.foresee(id, { kind: "deleted" }));
        site.delete(id);
        expect(await site.rendered()).toEqual(foreseen);
      }),
      { numRuns: 15 },
    );
  });

  test("and more, of fields whose values aren't known", async () => {
    const changed = fc.record({ title: fc.constantFrom("one", "two"), rank: fc.integer({ min: 0, max: 5 }) });
    await fc.assert(
      fc.asyncProperty(entities, changed, async (all, data) => {
        const site = await builtSite(all);
        const id = all[0]?.[0] ?? "";
        const foreseen = new Set<string>(keysOf(site.foresee(id, { kind: "fields", fields: ["title", "rank"] })));
        site.put(id, data);
        expect((await site.rendered()).filter((key) => !foreseen.has(key))).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});

const SOME: readonly (readonly [string, Fields])[] = ["k1", "k1", "k1", "k2", "k2"].map((kind, n) => [
  `e${n}`,
  { title: "one", rank: 9 - n, kind, tags: ["x"], flag: false },
]);

const foreseenOf = async (id: string, supposed: Supposed): Promise<Record<string, readonly string[]>> => {
  const foreseen = (await builtSite(SOME)).foresee(id, supposed);
  return Object.fromEntries([...foreseen].map(([key, why]) => [key, why.map(({ ref, use }) => `${use} ${ref}`)]));
};

describe("each page says why", () => {
  test("where a title changes", async () => {
    expect(await foreseenOf("e2", { kind: "fields", fields: ["title"] })).toEqual({
      "r/e2": ["fields type0:e2{title}"],
      "r+x": ["fields type0:e2{title}"],
      "r%2F2/k1#2": ["fields type0:e2{title}"],
    });
  });

  test("where an order changes: the pages that it may leave or come to", async () => {
    const foreseen = await foreseenOf("e4", { kind: "fields", fields: ["rank"] });
    expect(foreseen).toEqual({
      "r+x": ["window type0[*] by -rank to 7,e2"],
      "r%2F2/k2": ["window type0[kind=k2] by -rank to 5,e4"],
    });
  });

  test("where an entity goes: its own pages, lists, counts, and pages that are none any more", async () => {
    const foreseen = await foreseenOf("e2", { kind: "deleted" });
    expect(foreseen["r/e2"]).toEqual(expect.arrayContaining(["goes type0:e2", "moves type0:e2"]));
    expect(foreseen["r%2F2/k1#2"]).toEqual(expect.arrayContaining(["goes type0:e2"]));
    expect(foreseen["r%231"]).toEqual(["count type0[tags=x]", "values type0[tags]"]);
    expect(foreseen["r5"]).toBeUndefined();
  });

  test("nothing where the record is what is stored", async () => {
    expect(await foreseenOf("e2", recordOf("e2", SOME[2]?.[1] ?? {}))).toEqual({});
  });
});
