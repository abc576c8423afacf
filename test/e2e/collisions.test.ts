import { expect, test } from "vitest";

import { build } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { itemSite } from "./item-site.ts";
import type { Item } from "./item-site.ts";

const PAGE = "dist/items/same/index.html";

async function equalsClean(site: TemporarySite): Promise<void> {
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
}

test("of two pages with one path the lowest id owns it, and the other takes it when the owner goes", async () => {
  const a: Item = { id: "a", slug: "same", title: "Item a" };
  const b: Item = { id: "b", slug: "same", title: "Item b" };
  const c: Item = { id: "c", slug: "other", title: "Item c" };
  const site = itemSite([b, a, c]);

  const first = await build(site.folder);

  expect(first).toMatchObject({
    exitCode: 1,
    wrote: 3,
    failed: 0,
    collided: { "item/b": "wants /items/same/, which belongs to item/a" },
  });
  expect(first.stderr).toContain("item/b wants /items/same/, which belongs to item/a");
  expect(site.read(PAGE)).toContain("<title>Item a</title>");

  // It is still so, and still said.
  expect(await build(site.folder)).toMatchObject({ wrote: 0, removed: 0 });

  site.records("item", [b, c]);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, collided: {} });
  expect(site.read(PAGE)).toContain("<title>Item b</title>");
  await equalsClean(site);

  // The lower one comes back, and the other has no page again.
  site.records("item", [a, b, c]);
  expect(await build(site.folder)).toMatchObject({
    exitCode: 1,
    collided: { "item/b": expect.stringContaining("item/a") },
  });
  expect(site.read(PAGE)).toContain("<title>Item a</title>");
  await equalsClean(site);

  // The owner moves away.
  site.records("item", [{ ...a, slug: "elsewhere" }, b, c]);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, collided: {} });
  expect(site.read(PAGE)).toContain("<title>Item b</title>");
  await equalsClean(site);
});

test("a collision that nobody resolved is reported by every build", async () => {
  const items: Item[] = [
    { id: "a", slug: "same" },
    { id: "b", slug: "same" },
  ];
  const site = itemSite(items);
  expect((await build(site.folder)).exitCode).toBe(1);
  expect(await build(site.folder)).toMatchObject({
    exitCode: 1,
    collided: { "item/b": expect.stringContaining("item/a") },
  });
});

test("pages may swap their paths, or pass them on in a ring, in one edit", async () => {
  const items = ["a", "b", "c", "d", "e"].map((id) => ({ id, slug: id, title: `Item ${id}` }));
  const site = itemSite(items);
  await build(site.folder);
  const with_ = (slugs: string): Item[] => items.map((item, index) => ({ ...item, slug: slugs[index] ?? "" }));

  site.records("item", with_("bacde"));
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, written: { moved: 2 }, removed: 0 });
  expect(site.read("dist/items/a/index.html")).toContain("<title>Item b</title>");
  await equalsClean(site);

  site.records("item", with_("bcdea"));
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, removed: 0, collided: {} });
  await equalsClean(site);
  const marks = site.marks();
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0 });
  expect(differences(marks, site.marks())).toEqual([]);
});

test("a file and a folder of one name collide, and so do names that differ only in case", async () => {
  const paths = ["/Same/", "/same/", "/one.txt", "/one.txt/two/"];
  const site = itemSite(paths.map((path, index) => ({ id: "abcd".charAt(index), path })));

  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 1, failed: 0 });
  expect(Object.keys(built.collided).toSorted()).toEqual(["item/b", "item/d"]);
  expect(site.filesButSitemaps()).toEqual(["Same/index.html", "index.html", "one.txt"]);
});

test("a static file owns its path", async () => {
  const site = itemSite([{ id: "a", slug: "a" }]);
  site.write("static/items/a/index.html", "static\n");
  const built = await build(site.folder);
  expect(built.exitCode).toBe(1);
  expect(built.collided["item/a"]).toContain("static/items/a/");
  expect(site.read("dist/items/a/index.html")).toBe("static\n");
});
