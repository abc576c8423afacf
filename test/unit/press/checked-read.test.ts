import { beforeEach, describe, expect, test } from "vitest";

import { CheckedRead } from "../../../src/press/checked-read.ts";
import { PageReader } from "../../../src/press/page-reader.ts";
import { PageRecorder } from "../../../src/press/page-recorder.ts";
import { filmData, filmSite } from "./film-site.ts";

type Loose = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

let read: CheckedRead;
/** As a config without types calls it. */
let loose: Loose;

beforeEach(async () => {
  const site = filmSite();
  const { snapshot } = await filmData(site, [
    { id: "1", title: "Alien", genres: ["space"], rating: 8 },
    { id: "2", title: "Aliens", genres: ["space"], rating: 7 },
  ]);
  read = new CheckedRead(new PageReader(snapshot, new PageRecorder(), 0), site.entities, "home");
  loose = read as unknown as Loose;
});

async function saidOf(call: string, args: readonly unknown[]): Promise<string> {
  try {
    await Reflect.apply(loose[call] ?? (() => undefined), read, args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("nothing was refused");
}

describe("a read is refused, with the route and what to write,", () => {
  test.each<[string, string, readonly unknown[], string]>([
    ["of a number as an id", "get", ["film", 1], 'was given 1 as the id of a film — ids are texts: write "1"'],
    ["of an object as an id", "get", ["film", { id: "1" }], 'was given {"id":"1"} as the id of a film'],
    ["of an unknown type", "get", ["flim", "1"], 'there is no entity type "flim" — write film'],
    ["of no type", "count", [], "there is no entity type undefined"],
    ["of one id for many", "getMany", ["film", "1"], 'was given "1" as ids — write read.getMany("film", ids)'],
    ["of a number among ids", "getMany", ["film", ["1", 2]], "was given 2 as the id"],
    ["of a misspelt option", "list", ["film", { orderby: "-rating" }], 'has no option "orderby" — write orderBy'],
    ["of an unknown option", "list", ["film", { offset: 5 }], 'has no option "offset" — use one of the options'],
    ["of options that are none", "list", ["film", 5], "was given 5 — write read.list("],
    [
      "of a field that isn't indexed",
      "list",
      ["film", { where: { title: "Alien" } }],
      '"title" isn\'t indexed — add it',
    ],
    ["of an order that isn't indexed", "list", ["film", { orderBy: "-title" }], '"title" isn\'t indexed — add it'],
    ["of an order that is none", "list", ["film", { orderBy: [1] }], "orders by 1 — write the name of a field"],
    ["of a condition that is none", "count", ["film", "space"], 'was given "space" — write { genres: "drama" }'],
    ["of null as a value", "count", ["film", { genres: [null] }], "asks for genres null — give a text"],
    ["of an object as a value", "count", ["film", { genres: {} }], "asks for genres {} — give a text"],
    ["of values of a field that isn't indexed", "values", ["film", "genre"], "or write genres"],
    ["of an unknown step", "now", ["week"], 'has no step "week" — write one of "minute", "hour", "day"'],
  ])("%s", async (_what, call, args, said) => {
    const message = await saidOf(call, args);
    expect(message).toContain(`routes.home.load: read.${call}: `);
    expect(message).toContain(said);
  });
});

test("what is asked rightly is answered", async () => {
  expect(await read.get("film", "1")).toMatchObject({ title: "Alien" });
  expect(await read.get("film", undefined)).toBeUndefined();
  expect(await read.getMany("film", ["2", "3"])).toHaveLength(1);
  const query = { where: { genres: ["space", "horror"] }, orderBy: ["-rating", "id"], limit: 1 };
  expect(await read.list("film", query)).toMatchObject([{ id: "1" }]);
  expect(await read.list("film")).toHaveLength(2);
  expect(await read.count("film", { genres: "space" })).toBe(2);
  expect(await read.values("film", "genres")).toEqual([{ value: "space", count: 2 }]);
  expect(read.now("day").getTime()).toBe(0);
});
