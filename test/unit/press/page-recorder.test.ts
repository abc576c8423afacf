import { beforeEach, describe, expect, test } from "vitest";

import type { EntityData } from "../../../src/core/entity.ts";
import { allRef, assetRef, claimRef, conditionRef, entityRef, existenceRef, valuesRef } from "../../../src/core/ref.ts";
import { PageReader, parseOrder } from "../../../src/press/page-reader.ts";
import { PageRecorder } from "../../../src/press/page-recorder.ts";
import { filmData, filmSite } from "./film-site.ts";

const NOW = Date.parse("2024-02-29T12:34:56Z") / 1000;
const site = filmSite();
let recorder: PageRecorder;
let reader: PageReader;

beforeEach(async () => {
  const { snapshot } = await filmData(site, [
    { id: "1", title: "Alien", genres: ["horror", "space"], rating: 8, director: "scott" },
    { id: "2", title: "Aliens", genres: ["space"], rating: 7 },
    { id: "3", title: "Blade Runner", genres: ["space"], rating: 9, director: "scott" },
  ]);
  recorder = new PageRecorder();
  reader = new PageReader(snapshot, recorder, NOW);
});

const byRef = (left: { ref: number }, right: { ref: number }): number => left.ref - right.ref;
const entityEdge = (id: string, fields: readonly string[] | "*", type = "film") => ({
  ref: fields.length === 0 ? existenceRef(type, id) : entityRef(type, id),
  dependency: { kind: "entity", fields },
});

function expectEdges(edges: readonly { readonly ref: number; readonly dependency: unknown }[]): void {
  // What was read twice may be there twice: the manifest takes it as a set.
  const recorded = new Map(recorder.edges().map((edge) => [JSON.stringify(edge), edge]));
  expect([...recorded.values()].toSorted(byRef)).toEqual(edges.toSorted(byRef));
}

async function film(id = "1"): Promise<EntityData> {
  const found = await reader.get("film", id);
  if (found === undefined) throw new Error(`no film ${id}`);
  return found;
}

describe("get records", () => {
  test("that the entity exists, and the fields that were used", async () => {
    const alien = await film();
    expect(alien["title"]).toBe("Alien");
    expect(alien["genres"]).toEqual(["horror", "space"]);
    expectEdges([entityEdge("1", ["genres", "title"])]);
  });

  test("only that it exists when no field was used, or just its id, which never changes", async () => {
    await film("1");
    expect((await film("2")).id).toBe("2");
    expectEdges([entityEdge("1", []), entityEdge("2", [])]);
  });

  test("that there is none", async () => {
    expect(await reader.get("film", "9")).toBeUndefined();
    expectEdges([entityEdge("9", [])]);
  });

  test("nothing for no id", async () => {
    expect(await reader.get("film", undefined)).toBeUndefined();
    expectEdges([]);
  });

  test("a field that isn't there", async () => {
    expect((await film())["subtitle"]).toBeUndefined();
    expectEdges([entityEdge("1", ["subtitle"])]);
  });

  test("a field that was asked for by `in` or by its descriptor", async () => {
    const alien = await film();
    expect("subtitle" in alien).toBe(false);
    expect(Object.hasOwn(alien, "rating")).toBe(true);
    expectEdges([entityEdge("1", ["rating", "subtitle"])]);
  });

  test("one entity once, however often it is asked for, and hands out one view of it", async () => {
    const first = await film();
    const second = await film();
    expect(first).toBe(second);
    void [first["title"], second["rating"]];
    expectEdges([entityEdge("1", ["rating", "title"])]);
  });

  test("fields that are used later, when the template reads them", async () => {
    const alien = await film();
    expectEdges([entityEdge("1", [])]);
    void alien["title"];
    expectEdges([entityEdge("1", ["title"])]);
  });

  test.each<[string, (alien: EntityData) => unknown]>([
    ["spread", (alien) => ({ ...alien })],
    ["serialised", (alien) => JSON.stringify(alien)],
    ["enumerated", (alien) => Object.keys(alien)],
    [
      "walked through",
      (alien) => {
        for (const _ in alien) return;
      },
    ],
    ["cloned by entries", (alien) => Object.fromEntries(Object.entries(alien))],
    ["destructured with a rest", ({ id, ...rest }) => [id, rest]],
  ])("all fields of an entity that is %s", async (_, use) => {
    use(await film());
    expectEdges([entityEdge("1", "*")]);
  });

  test("nothing of what the language asks: symbols, `then` and `toJSON`", async () => {
    const alien = await film();
    expect(await Promise.resolve(alien)).toBe(alien);
    expect(Reflect.get(alien, Symbol.toPrimitive)).toBeUndefined();
    expect(Symbol.iterator in alien).toBe(false);
    expect([alien["then"], alien["toJSON"]]).toEqual([undefined, undefined]);
    expectEdges([entityEdge("1", [])]);
  });

  test("names that every object has as fields, which an entity hasn't", async () => {
    const alien = await film();
    expect([alien["constructor"], alien["__proto__"], alien["hasOwnProperty"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expectEdges([entityEdge("1", ["__proto__", "constructor", "hasOwnProperty"])]);
  });

  test("what was handed out can't be changed", async () => {
    const alien = await film();
    expect(() => Reflect.defineProperty(alien, "title", { value: "x" })).not.toThrow();
    expect(Reflect.set(alien, "title", "x")).toBe(false);
    expect(() => (alien["genres"] as string[]).push("x")).toThrow(TypeError);
    expect(alien["title"]).toBe("Alien");
  });
});

describe("getMany records", () => {
  test("each id, also those of which there is none, and leaves these out", async () => {
    const films = await reader.getMany("film", ["3", "9", "1"]);
    expect(films.map(({ id }) => id)).toEqual(["3", "1"]);
    expectEdges([entityEdge("3", []), entityEdge("9", []), entityEdge("1", [])]);
  });
});

describe("list records", () => {
  const window = (value: object) => ({ kind: "window", window: value });

  test("its condition, its order, and its last row when it is full; of the rows what was used", async () => {
    const films = await reader.list("film", { where: { genres: "space" }, orderBy: "-rating", limit: 2 });
    expect(films.map((one) => one["title"])).toEqual(["Blade Runner", "Alien"]);
    const order = [{ field: "rating", descending: true }];
    expectEdges([
      {
        ref: conditionRef("film", "genres", "space"),
        dependency: window({ where: { genres: "space" }, order, last: { values: [8], id: "1" } }),
      },
      entityEdge("3", ["title"]),
      entityEdge("1", ["title"]),
    ]);
  });

  test("no row of which only the id was used: the window tells when it comes and goes", async () => {
    const films = await reader.list("film");
    expect(films.map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expectEdges([{ ref: allRef("film"), dependency: window({ where: {}, order: [] }) }]);
  });

  test("the existence of a row that was asked for by name too", async () => {
    await reader.list("film");
    await film("2");
    expectEdges([{ ref: allRef("film"), dependency: window({ where: {}, order: [] }) }, entityEdge("2", [])]);
  });

  test("no last row when there are fewer than the limit: the window is open", async () => {
    await reader.list("film", { where: { genres: "horror" }, limit: 2 });
    expectEdges([
      { ref: conditionRef("film", "genres", "horror"), dependency: window({ where: { genres: "horror" }, order: [] }) },
    ]);
  });

  test("each of several values that a field may have", async () => {
    await reader.list("film", { where: { genres: ["space", "horror", "space"] } });
    const dependency = window({ where: { genres: ["space", "horror", "space"] }, order: [] });
    expectEdges([
      { ref: conditionRef("film", "genres", "space"), dependency },
      { ref: conditionRef("film", "genres", "horror"), dependency },
    ]);
  });

  test("the first field of several", async () => {
    await reader.list("film", { where: { director: "scott", genres: "space" } });
    expectEdges([
      {
        ref: conditionRef("film", "director", "scott"),
        dependency: window({ where: { director: "scott", genres: "space" }, order: [] }),
      },
    ]);
  });

  test("no field whose value is undefined", async () => {
    expect(await reader.list("film", { where: { genres: undefined } as never })).toHaveLength(3);
    expectEdges([{ ref: allRef("film"), dependency: window({ where: {}, order: [] }) }]);
  });

  test("nothing when its limit is 0", async () => {
    expect(await reader.list("film", { limit: 0 })).toEqual([]);
    expectEdges([]);
  });

  test("refuses a limit that is none", async () => {
    for (const limit of [-1, 1.5, Number.NaN]) {
      await expect(reader.list("film", { limit })).rejects.toMatchObject({ code: "limit-invalid" });
    }
  });

  test("hands out rows that nobody can change or add to", async () => {
    const films = await reader.list("film");
    expect(Object.isFrozen(films)).toBe(true);
  });
});

test("a list without a limit refuses more than 10,000 rows, and holds as many", async () => {
  const rows = Array.from({ length: 10_001 }, (_, id) => ({ id: String(id), genres: [id < 10_000 ? "a" : "b"] }));
  const { snapshot } = await filmData(site, rows);
  const many = new PageReader(snapshot, new PageRecorder(), NOW);
  await expect(many.list("film")).rejects.toMatchObject({ code: "list-too-long", disposition: "discard" });
  expect(await many.list("film", { where: { genres: "a" } })).toHaveLength(10_000);
  expect(await many.list("film", { limit: 10_000 })).toHaveLength(10_000);
});

describe("the rest of what a page can read", () => {
  test("count records its condition", async () => {
    expect(await reader.count("film", { genres: "space" })).toBe(3);
    expect(await reader.count("film")).toBe(3);
    expectEdges([
      { ref: conditionRef("film", "genres", "space"), dependency: { kind: "count", where: { genres: "space" } } },
      { ref: allRef("film"), dependency: { kind: "count", where: {} } },
    ]);
  });

  test("values records its field", async () => {
    expect(await reader.values("film", "director")).toEqual([{ value: "scott", count: 2 }]);
    await reader.values("film", "director");
    expectEdges([{ ref: valuesRef("film", "director"), dependency: { kind: "values" } }]);
  });

  test("the clock records the newest bucket's start and the first bucket's end", () => {
    expect([recorder.time, recorder.due]).toEqual([0, undefined]);
    expect(reader.now("day").toISOString()).toBe("2024-02-29T00:00:00.000Z");
    expect(recorder.due).toBe(Date.parse("2024-03-01T00:00:00Z") / 1000);
    expect(reader.now("minute").toISOString()).toBe("2024-02-29T12:34:00.000Z");
    expect(reader.now("hour", "Asia/Kolkata").toISOString()).toBe("2024-02-29T12:30:00.000Z");
    expect(recorder.time).toBe(Date.parse("2024-02-29T12:34:00Z") / 1000);
    expect(recorder.due).toBe(Date.parse("2024-02-29T12:35:00Z") / 1000);
    expectEdges([]);
  });

  test("claims, folders above them and assets are recorded", () => {
    recorder.claim("/x.y/z", ["/x.y"]);
    recorder.claim("/x.y/z", ["/x.y"]);
    recorder.asset("site.css");
    recorder.asset("site.css");
    expectEdges([
      { ref: claimRef("/x.y/z"), dependency: { kind: "claim" } },
      { ref: claimRef("/x.y"), dependency: { kind: "folder" } },
      { ref: assetRef("site.css"), dependency: { kind: "asset" } },
    ]);
  });
});

test.each([
  [undefined, []],
  ["rating", [{ field: "rating", descending: false }]],
  ["-rating", [{ field: "rating", descending: true }]],
  ["--rating", [{ field: "-rating", descending: true }]],
  [
    ["-rating", "id"],
    [
      { field: "rating", descending: true },
      { field: "id", descending: false },
    ],
  ],
  [[], []],
])("the order %j is %j", (orderBy, wanted) => {
  expect(parseOrder(orderBy)).toEqual(wanted);
});
