import { describe, expect, test } from "vitest";

import { EntityUse, useOfView } from "../../src/source/recording-view.ts";

const DATA = { id: "1", title: "Alien", deep: { list: [{ a: 1 }] }, constructor: "x", absent: undefined };

function used(data: { readonly id: string } = DATA): EntityUse & { readonly view: NonNullable<EntityUse["view"]> } {
  const use = new EntityUse("film", "1", { id: data.id, data });
  if (use.view === undefined) throw new Error("no view");
  return use as ReturnType<typeof used>;
}

describe("a recording view", () => {
  test("reads nothing for its id, and records no field for it", () => {
    let reads = 0;
    const use = new EntityUse("film", "1", {
      id: "1",
      get data() {
        reads++;
        return DATA;
      },
    });
    expect(use.view?.id).toBe("1");
    expect([reads, use.fields]).toEqual([0, []]);
    expect([use.view?.["title"], use.view?.["title"]]).toEqual(["Alien", "Alien"]);
    expect([reads, use.fields]).toEqual([1, ["title"]]);
  });

  test("records what is asked of a name that isn't there, and one that Object.prototype has", () => {
    const { view, fields } = used();
    expect(view["constructor"]).toBe("x");
    expect(view["toString"]).toBeUndefined();
    expect("gone" in view).toBe(false);
    expect(fields).toEqual([]);
    const use = used();
    expect([use.view["constructor"], use.view["nothing"], "gone" in use.view]).toEqual(["x", undefined, false]);
    expect(use.fields).toEqual(["constructor", "nothing", "gone"]);
  });

  test("is not asked by the page but by the language for symbols, then and toJSON", async () => {
    const use = used();
    expect(await Promise.resolve(use.view)).toBe(use.view);
    expect(JSON.stringify({ title: use.view["title"] })).toBe('{"title":"Alien"}');
    expect(use.usesAll).toBe(false);
  });

  test.each([
    ["spread", (view: object) => ({ ...view })],
    ["serialised", (view: object) => JSON.parse(JSON.stringify(view)) as object],
    ["enumerated", (view: object) => Object.fromEntries(Object.entries(view))],
  ])("counts as used whole when it is %s", (_name, whole) => {
    const use = used({ id: "1", title: "Alien", deep: { list: [] } } as never);
    expect(whole(use.view)).toEqual({ id: "1", title: "Alien", deep: { list: [] } });
    expect(use.usesAll).toBe(true);
  });

  test("can't be changed, all the way down", () => {
    const { view } = used();
    const inner = view["deep"] as { list: { a: number }[] };
    const changes: readonly (() => unknown)[] = [
      () => Object.assign(view, { title: "x" }),
      () => Reflect.deleteProperty(view, "title") || fail(),
      () => Object.defineProperty(view, "title", { value: "x" }),
      () => Object.setPrototypeOf(view, null),
      () => Object.freeze(view),
      () => inner.list.push({ a: 2 }),
      () => Object.assign(inner.list[0] ?? {}, { a: 2 }),
    ];
    for (const change of changes) expect(change).toThrow();
    expect(view["title"]).toBe("Alien");
  });

  test("is known by its use, and nothing else is", () => {
    const use = used();
    expect(useOfView(use.view)).toBe(use);
    for (const other of [undefined, null, 1, "x", {}, DATA]) expect(useOfView(other)).toBeUndefined();
  });
});

function fail(): never {
  throw new TypeError("refused");
}
