import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { differences, TemporarySite } from "../support/temporary-site.ts";

const NAMES = [
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "24/7",
  "a.m.",
  "..",
  ".",
  "/",
  "//",
  "%2F",
  "#2",
  "film/1#2",
  "?",
  "🎬",
  "e\u0301",
  "\u00e9",
  " ",
  "-",
  "--",
  "-->",
  "<!--",
  "'\"&<>",
  "\\",
  "\n",
  "\u0000",
  "\u2028",
  "null",
  "0",
  "İstanbul",
  "ﬀ",
  "x".repeat(1_000_000),
  `${"x".repeat(999_999)}y`,
  "😀".repeat(3000),
  "~".repeat(300),
  "index.html",
];

const CONFIG = `import { z } from "zod";
import { defineEntities, defineSite, entity, files, json, slug } from "rekiln";
const entities = defineEntities({
  item: entity(
    z.object({ id: z.string(), constructor: z.string(), "a.m.": z.array(z.string()), "24/7": z.string().optional(), next: z.string() }),
    { index: ["constructor", "a.m."] },
  ),
});
const { route, distinct } = entities;
const name = (text) => slug(text).slice(0, 100) + "-" + Buffer.from(text).subarray(-20).toString("hex");
export default defineSite({
  url: "https://names.example",
  source: files("data/"),
  entities,
  routes: {
    item: route({
      each: "item",
      path: (item) => "/items/" + name(item.id) + "/",
      load: async (read, item) => ({
        item,
        next: await read.get("item", item.next),
        same: await read.list("item", { where: { constructor: item.constructor } }),
        count: await read.count("item", { "a.m.": item.id }),
      }),
      template: "item",
    }),
    value: route({
      each: distinct("item", "a.m."),
      path: (value) => "/values/" + name(value) + "/",
      list: { of: "item", where: (value) => ({ "a.m.": value }), orderBy: "id", perPage: 2 },
      template: "value",
    }),
    values: route({ path: "/values.json", load: async (read) => ({ all: await read.values("item", "constructor") }), template: json }),
  },
});
`;

const ITEM = `<!doctype html>
<title><%= it.item.id.length %></title>
<p><%= it.item.id.slice(0, 100) %> <%= it.item["24/7"] ?? "" %> <%= it.count %> <%= it.same.length %></p>
<% if (it.next) { %><a href="<%= it.link("item", it.next) %>"><%= it.next.constructor.slice(0, 100) %></a><% } %>
<% for (const value of it.item["a.m."]) { %><a href="<%= it.link("value", value) %>">v</a><% } %>`;

const VALUE = `<!doctype html>
<title><%= it.subject.length %></title>
<% for (const item of it.pager.items) { %><a href="<%= it.link("item", item) %>">i</a><% } %>
<% if (it.pager.next) { %><a href="<%= it.pager.next %>">next</a><% } %>`;

const recordsOf = (names: readonly string[]): unknown[] =>
  names.map((id, index) => ({
    id,
    constructor: names[(index + 3) % names.length],
    "a.m.": [id, names[(index + 1) % names.length], "constructor"],
    next: names[(index + 1) % names.length],
  }));

test("any text may be an id, a value or a field's name", { timeout: 60_000 }, async () => {
  const site = new TemporarySite({
    "rekiln.config.ts": CONFIG,
    "templates/item.eta": ITEM,
    "templates/value.eta": VALUE,
  });
  site.records("item", recordsOf(NAMES));

  const first = await build(site.folder);

  expect(first).toMatchObject({ exitCode: 0, failed: 0, errors: [] });
  const files = site.files();
  expect(files.filter((file) => file.startsWith("items/"))).toHaveLength(NAMES.length);
  // Two items each, but for the value that all have: 18 pages.
  expect(files.filter((file) => file.startsWith("values/"))).toHaveLength(NAMES.length - 1 + NAMES.length / 2);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0, pressed: 0 });

  const edited = recordsOf(NAMES.filter((name) => !["24/7", "__proto__", "--"].includes(name)));
  site.records(
    "item",
    edited.map((record) => ({ ...(record as object), "24/7": "always" })),
  );
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, failed: 0, source: { deleted: 3 } });
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
});
