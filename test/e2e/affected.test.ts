import { expect, test } from "vitest";
import { z } from "zod";

import { build, rekiln } from "../support/cli.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import { itemSite, itemsOf } from "./item-site.ts";

const schema = z.object({
  schema: z.literal("rekiln.affected.1"),
  entity: z.string(),
  version: z.number(),
  pages: z.number(),
  estimate: z.object({
    msPerPage: z.number().positive(),
    pages: z.number().positive(),
    threads: z.number().positive(),
    seconds: z.number().nonnegative(),
  }),
  routes: z.array(
    z.object({
      route: z.string(),
      pages: z.array(
        z.object({ page: z.string(), reasons: z.array(z.object({ ref: z.string(), use: z.string() })).min(1) }),
      ),
    }),
  ),
  notes: z.array(z.string()),
});

/** What `affected --json` says, and the pages in one list. */
async function affected(folder: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await rekiln(folder, "affected", "--json", ...args);
  expect({ code, stderr: stderr === "" }, stderr).toMatchObject({ code: 0 });
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  const said = schema.parse(JSON.parse(stdout));
  const keys = said.routes.flatMap(({ pages }) => pages.map(({ page }) => page));
  expect(keys).toHaveLength(said.pages);
  return {
    ...said,
    keys,
    reasonsOf: (key: string) => said.routes.flatMap(({ pages }) => pages).find(({ page }) => page === key)?.reasons,
  };
}

test("a new record is foreseen exactly: the build that takes it in renders these pages", async () => {
  const site = filmSite(filmsOf(60));
  await build(site.folder);
  const marks = site.marks();
  const best = { ...filmOf(3), title: "Best", rating: 9.99, genres: ["drama", "noir"] };
  site.write("new.json", JSON.stringify(best));

  const { keys, reasonsOf, routes } = await affected(site.folder, "film:3", "--file", "new.json");

  expect(routes.map(({ route }) => route)).toEqual(expect.arrayContaining(["film", "genre", "home"]));
  expect(reasonsOf("film/3")).toEqual(
    expect.arrayContaining([{ ref: expect.stringMatching(/^film:3\{/), use: "fields" }]),
  );
  expect(reasonsOf("genre/drama")).toEqual(
    expect.arrayContaining([{ ref: expect.stringMatching(/^film\[genres=drama\] by -rating/), use: "window" }]),
  );
  // It only asked.
  expect(site.marks()).toEqual(marks);
  site.records("film", [...filmsOf(60).slice(0, 2), best, ...filmsOf(60).slice(3)]);
  expect((await build(site.folder)).pressed).toBe(keys.length);
});

test("a deletion, and what only some fields touch", async () => {
  const site = filmSite(filmsOf(60));
  await build(site.folder);

  const titled = await affected(site.folder, "film:3", "--fields", "title");
  expect(titled.keys).toContain("film/3");
  expect(titled.keys).not.toContain("home");
  for (const { pages } of titled.routes) {
    for (const { reasons } of pages) {
      // A page that is JSON uses all that there is.
      expect(reasons).toEqual([{ ref: expect.stringMatching(/^film:3\{(?:title|\*)\}$/), use: "fields" }]);
    }
  }
  expect(titled.notes).toEqual([]);

  const rated = await affected(site.folder, "film:3", "--fields", "title, rating");
  expect(rated.keys).toEqual(expect.arrayContaining(titled.keys));
  expect(rated.keys.length).toBeGreaterThan(titled.keys.length);
  expect(rated.notes).toEqual([expect.stringContaining("--file")]);

  const all = await affected(site.folder, "film:3");
  expect(all.keys).toEqual(expect.arrayContaining(rated.keys));

  const deleted = await affected(site.folder, "film:3", "--deleted");
  expect(deleted.reasonsOf("film/3")).toEqual(expect.arrayContaining([{ ref: "film:3", use: "goes" }]));
  expect(deleted.reasonsOf("home")).toEqual(expect.arrayContaining([{ ref: "film[*]", use: "count" }]));
  site.records("film", filmsOf(60).toSpliced(2, 1));
  expect((await build(site.folder, "--dry-run")).removed).toBe(1);
  // The dry run took the source in.
  const { code, stderr } = await rekiln(site.folder, "affected", "film:3");
  expect(code).toBe(2);
  expect(stderr).toMatch(/no film with the id "3"[^]*--file/);
});

test("an entity that isn't there yet is foreseen with its record, which may leave its id out", async () => {
  const site = itemSite(itemsOf(3));
  await build(site.folder);
  site.write("new.json", JSON.stringify({ title: "New" }));
  const { entity, keys, reasonsOf } = await affected(site.folder, "item:a:b", "--file", "new.json");
  expect({ entity, keys }).toEqual({ entity: "item:a:b", keys: ["item/a%3Ab", "home"] });
  expect(reasonsOf("item/a%3Ab")).toEqual([{ ref: "item:a:b", use: "comes" }]);
});

test("on a terminal the first 20 pages of a route are listed, and all when they are asked for", async () => {
  const site = itemSite(itemsOf(30), `<% for (const item of it.all) { %><%= item.title %>\n<% } %>`);
  site.edit("rekiln.config.ts", "load: (_read, item) => {", "load: async (read, item) => {");
  site.edit("rekiln.config.ts", "return { item };", 'return { item, all: await read.list("item") };');
  await build(site.folder);

  const { code, stdout } = await rekiln(site.folder, "affected", "item:i1", "--fields", "title");
  const lines = stdout.trimEnd().split("\n");
  expect(code).toBe(0);
  expect(lines.slice(0, 3)).toEqual([
    expect.stringMatching(
      /^31 pages affected by item:i1: under [\d.]+ s to render, at [\d.]+ ms a page in \d+ threads?$|^31 pages affected by item:i1: about /,
    ),
    "item: 30",
    expect.stringMatching(/^ {2}item\/i0 {2}uses item:i1\{title\}/),
  ]);
  expect(lines).toContain("  and 10 more");
  expect(lines.filter((line) => line.startsWith("  item/"))).toHaveLength(20);

  const all = await rekiln(site.folder, "affected", "item:i1", "--fields", "title", "--all");
  expect(all.stdout.split("\n").filter((line) => line.startsWith("  item/"))).toHaveLength(30);
  expect(all.stdout).not.toContain("more");
});

test("what can't be answered is said, with what to do", async () => {
  const site = itemSite(itemsOf(3));
  const refused = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await rekiln(site.folder, "affected", ...args);
    expect(stdout).toBe("");
    return { code, stderr };
  };
  expect(await refused("item:i1")).toEqual({
    code: 3,
    stderr: expect.stringMatching(/hasn't been built[^]*rekiln build/),
  });
  await build(site.folder);
  expect(await refused("i1")).toEqual({ code: 2, stderr: expect.stringContaining("film:42") });
  expect(await refused("itme:i1")).toEqual({ code: 2, stderr: expect.stringContaining("Did you mean item:i1?") });
  expect(await refused("item:none")).toEqual({ code: 2, stderr: expect.stringContaining("--file") });
  expect(await refused("item:i1", "--deleted", "--fields", "title")).toEqual({ code: 2, stderr: expect.any(String) });
  expect(await refused("item:i1", "--file", "none.json")).toEqual({
    code: 2,
    stderr: expect.stringContaining("none.json"),
  });
  site.write("bad.json", '{"id":"i1","title":7}');
  expect(await refused("item:i1", "--file", "bad.json")).toEqual({
    code: 2,
    stderr: expect.stringMatching(/bad\.json: title: /),
  });
  site.write("other.json", '{"id":"i2","title":"x"}');
  expect(await refused("item:i1", "--file", "other.json")).toEqual({
    code: 2,
    stderr: expect.stringContaining("item:i2"),
  });
  const { notes } = await affected(site.folder, "item:i1", "--fields", "titel");
  expect(notes).toEqual([expect.stringContaining('"titel"')]);
});
