import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { ITEM, itemSite, itemsOf } from "./item-site.ts";

test("a page whose template fails keeps its last good bytes, and the others are written", async () => {
  const site = itemSite(itemsOf(5), `${ITEM}<p><%= it.item.facts.length %></p>\n`);
  const items = itemsOf(5).map((item) => ({ ...item, facts: "some" }));
  site.records("item", items);
  expect((await build(site.folder)).exitCode).toBe(0);
  const good = site.read("dist/items/i2/index.html");

  site.records(
    "item",
    items.map((item) => (item.id === "i2" ? { id: "i2", title: "No facts" } : { ...item, facts: "more facts" })),
  );
  const failed = await build(site.folder);

  expect(failed).toMatchObject({ exitCode: 1, failed: 1, wrote: 5 });
  expect(failed.errors).toHaveLength(1);
  expect(failed.errors[0]).toMatch(/^item\/i2: templates\/item\.eta:3: .*length/);
  expect(failed.stderr).toContain(failed.errors[0]);
  expect(site.read("dist/items/i2/index.html")).toBe(good);
  expect(site.read("dist/items/i1/index.html")).toContain("<p>10</p>");

  // It is tried again, though nothing changed, until it is mended.
  expect(await build(site.folder)).toMatchObject({ exitCode: 1, failed: 1, wrote: 0, pressed: 1 });
  site.edit("templates/item.eta", "it.item.facts.length", "it.item.facts?.length ?? 0");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, failed: 0, wrote: 1 });
  expect(site.read("dist/items/i2/index.html")).toContain("<p>0</p>");
});

test.each([
  { what: "an entity's field", print: "<%= it.item.absent %>", name: "it.item.absent" },
  { what: "a prop", print: "<%= it.absent %>", name: "it.absent" },
  { what: "a prop in an attribute", print: '<p title="<%= it.absent %>"></p>', name: "it.absent" },
  { what: "a text with a prop", print: "<%= `${it.absent}` %>", name: "absent" },
  { what: "a variable", print: "<%= absent %>", name: "absent" },
])("printing $what that isn't there is an error, never the word undefined", async ({ print, name }) => {
  const site = itemSite(itemsOf(1), `${ITEM}${print}\n`);

  const built = await build(site.folder, "--concurrency", "1");

  expect(site.files().filter((file) => site.read(`dist/${file}`).includes("undefined"))).toEqual([]);
  expect(built).toMatchObject({ exitCode: 1, failed: 1, wrote: 1 });
  expect(built.errors[0]).toMatch(/^item\/i0: templates\/item\.eta:3: /);
  expect(built.errors[0]).toContain(name);
});

test("a template that can't be compiled is named with its line, and nothing is touched", async () => {
  const site = itemSite(itemsOf(2));
  await build(site.folder);
  const marks = site.marks();
  site.write("templates/item.eta", `${ITEM}<% if (it.item { %>\n`);

  const { code, stdout, stderr } = await rekiln(site.folder, "build");

  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/templates\/item\.eta:3: /);
  expect(site.marks()).toEqual(marks);
});

test("a page of more than 5 MB fails by name", async () => {
  const site = itemSite(itemsOf(3), `${ITEM}<% if (it.item.id === "i1") { %><%= "x".repeat(5.5e6) %><% } %>\n`);

  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 1, failed: 1, wrote: 3 });
  expect(built.errors[0]).toMatch(/^item\/i1: .*5 MB/);
});

test("a file that rekiln didn't write is neither replaced nor removed without --force", async () => {
  const site = itemSite(itemsOf(3));
  site.write("static/robots.txt", "ours\n");
  site.write("dist/items/i1/index.html", "theirs\n");
  site.write("dist/robots.txt", "theirs\n");
  site.write("dist/items/notes.txt", "theirs\n");

  const first = await build(site.folder);

  expect(first).toMatchObject({ exitCode: 1, failed: 1 });
  expect(first.errors[0]).toMatch(/^item\/i1: .*items\/i1\/index\.html.*--force/);
  expect(first.stderr).toMatch(/robots\.txt.*--force/);
  expect(site.read("dist/items/i1/index.html") + site.read("dist/robots.txt")).toBe("theirs\ntheirs\n");

  // Neither does it go with the page that wanted its path.
  site.records("item", itemsOf(1));
  await build(site.folder);
  expect(site.read("dist/items/i1/index.html")).toBe("theirs\n");

  site.records("item", itemsOf(3));
  expect(await build(site.folder, "--force")).toMatchObject({ exitCode: 0, failed: 0 });
  expect(site.read("dist/items/i1/index.html")).toContain("Item 1");
  expect(site.read("dist/robots.txt")).toBe("ours\n");
  expect(site.read("dist/items/notes.txt")).toBe("theirs\n");
});

test("a folder that stands where a page should, or a file where its folder should, fails that page alone", async () => {
  const site = itemSite(itemsOf(4));
  await build(site.folder);
  site.remove("dist/items/i1/index.html");
  site.write("dist/items/i1/index.html/theirs.txt", "theirs\n");
  site.remove("dist/items/i2");
  site.write("dist/items/i2", "theirs\n");
  site.records(
    "item",
    itemsOf(4).map((item) => ({ ...item, title: "Another" })),
  );

  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 1, failed: 2, wrote: 3 });
  expect(built.errors.map((error) => error.slice(0, 8)).toSorted()).toEqual(["item/i1:", "item/i2:"]);
  expect(site.read("dist/items/i3/index.html")).toContain("Another");
});
