import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import { itemSite, itemsOf } from "./item-site.ts";

test("the page of a removed entity goes, with the folders that it leaves empty", async () => {
  const deep = itemsOf(4).map((item, index) => ({ ...item, slug: index < 2 ? `deep/er/${item.id}` : item.id }));
  const site = itemSite(deep);
  await build(site.folder);
  expect(site.files()).toContain("items/deep/er/i1/index.html");

  site.records("item", deep.slice(1, 3));
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, removed: 2 });
  expect(site.filesButSitemaps()).toEqual(["index.html", "items/deep/er/i1/index.html", "items/i2/index.html"]);

  site.records("item", deep.slice(2, 3));
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, removed: 1 });
  expect(site.filesButSitemaps()).toEqual(["index.html", "items/i2/index.html"]);
});

test("more deletions than the cap are withheld until they are allowed, and not forgotten", async () => {
  const site = itemSite(itemsOf(130));
  await build(site.folder);
  const pages = site.pages();
  site.records("item", itemsOf(25));

  const { code, stderr } = await rekiln(site.folder, "build");
  expect(code).toBe(3);
  expect(stderr).toMatch(/105 pages .*withheld.*--max-deletes 105/);
  expect(differences(pages, site.pages())).toEqual(["other index.html"]);

  // Other work goes on; what is withheld stays so, and is said again.
  site.records("item", [{ id: "i0", title: "Another" }, ...itemsOf(25).slice(1)]);
  expect(await build(site.folder)).toMatchObject({ exitCode: 3, withheld: 105, removed: 0, wrote: 2 });
  expect(await build(site.folder, "--max-deletes", "104")).toMatchObject({ exitCode: 3, withheld: 105, removed: 0 });
  expect(site.filesButSitemaps()).toHaveLength(131);

  expect(await build(site.folder, "--max-deletes", "105")).toMatchObject({ exitCode: 0, withheld: 0, removed: 105 });
  expect(site.filesButSitemaps()).toHaveLength(26);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, withheld: 0, wrote: 0, removed: 0 });
});

test("a withheld page whose entity is back is simply there", async () => {
  const site = itemSite(itemsOf(110));
  await build(site.folder);
  const pages = site.pages();
  site.records("item", itemsOf(2));
  expect((await build(site.folder)).exitCode).toBe(3);

  site.records("item", itemsOf(110));

  expect(await build(site.folder)).toMatchObject({ exitCode: 0, withheld: 0, removed: 0, wrote: 1 });
  expect(differences(pages, site.pages())).toEqual([]);
});

test("the pages of a route that is no longer declared go, under the same cap", async () => {
  const site = itemSite(itemsOf(101));
  await build(site.folder);
  site.edit("rekiln.config.ts", "    home: entities.route({", "    front: entities.route({");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, pages: 102 });
  expect(site.files()).toContain("index.html");

  site.edit("rekiln.config.ts", "    item: entities.route({", "    thing: entities.route({");
  site.edit("rekiln.config.ts", "`/items/${", "`/things/${");
  site.edit("templates/home.eta", 'it.link("item", item)', 'it.link("thing", item)');
  expect(await build(site.folder)).toMatchObject({ exitCode: 3, withheld: 101 });
  expect(await build(site.folder, "--max-deletes", "101")).toMatchObject({ exitCode: 0, removed: 101 });
  expect(site.files().filter((file) => file.startsWith("items"))).toEqual([]);
});

test("a build that renders everything removes what was withheld too", async () => {
  const site = itemSite(itemsOf(110));
  await build(site.folder);
  site.records("item", itemsOf(2));
  expect(await build(site.folder)).toMatchObject({ exitCode: 3, withheld: 108 });
  expect(await build(site.folder, "--force", "--max-deletes", "200")).toMatchObject({ exitCode: 0, removed: 108 });
});
