import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
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

test("templates that can't be compiled fail the pages of their routes, named once each, and the others are built", async () => {
  const site = itemSite(itemsOf(40));
  site.edit(
    "rekiln.config.ts",
    "    home: entities",
    '    about: entities.route({ path: "/about/", template: "about" }),\n    home: entities',
  );
  site.write("templates/about.eta", "<p>About</p>\n");
  await build(site.folder);
  const good = site.pages();
  site.write("templates/item.eta", `${ITEM}<% if (it.item { %>\n`);
  site.edit("templates/home.eta", "<title>", '<%~ include("nope") %><title>');
  site.write("templates/about.eta", "<p>About us</p>\n");
  site.write("templates/unused.eta", "<p>\n<a onclick='<%= it.x %>'></a>\n");

  const broken = await build(site.folder);

  expect(broken).toMatchObject({ exitCode: 1, failed: 41, wrote: 1, errors: [], removed: 0 });
  expect(broken.stderr).toMatch(/^templates\/item\.eta:3: .*\(failed pages by route: item 40\)$/m);
  expect(broken.stderr).toMatch(/^templates\/home\.eta:2: .*nope.*\(failed pages by route: home 1\)$/m);
  expect(broken.stderr).toMatch(/^templates\/unused\.eta:2: .*\(no route uses it\)$/m);
  expect(broken.brokenTemplates.map(({ file, failed }) => [file, failed])).toEqual([
    ["home.eta", { home: 1 }],
    ["item.eta", { item: 40 }],
    ["unused.eta", {}],
  ]);
  expect(site.read("dist/about/index.html")).toContain("About us");
  expect(differences(good, site.pages())).toEqual(["other about/index.html"]);
  // None of them is released.
  const release = await rekiln(site.folder, "release");
  expect(release).toMatchObject({ code: 2, stdout: "" });
  expect(release.stderr).toMatch(/templates\/home\.eta:2: [^]*templates\/item\.eta:3: /);

  site.remove("templates/unused.eta");
  site.write("templates/item.eta", `${ITEM}<p>Mended</p>\n`);
  site.edit("templates/home.eta", '<%~ include("nope") %>', "");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, failed: 0, wrote: 40 });
  expect(site.read("dist/items/i7/index.html")).toContain("Mended");
});

test("routes that name templates which aren't there are all listed, and nothing is touched", async () => {
  const site = itemSite(itemsOf(2));
  await build(site.folder);
  const marks = site.marks();
  site.edit("rekiln.config.ts", 'template: "item"', 'template: "itme"');
  site.edit("rekiln.config.ts", 'template: "home"', 'template: "start"');

  const { code, stdout, stderr } = await rekiln(site.folder, "build");

  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/routes\.item\.template: there is no templates\/itme\.eta — make it, or write item$/m);
  expect(stderr).toMatch(/routes\.home\.template: there is no templates\/start\.eta — make it, or use one of/m);
  expect(site.marks()).toEqual(marks);
});

test("a path that undefined got into fails its page and names the field, and links to it lead nowhere", async () => {
  const items = itemsOf(3).map((item) => (item.id === "i1" ? item : { ...item, slug: `s-${item.id}` }));
  const site = itemSite([...items, { id: "i3", slug: "undefined" }]);
  site.edit("rekiln.config.ts", "item.path ?? `/items/${item.slug ?? slug(item.id)}/`", "`/items/${item.slug}/`");
  site.edit("templates/home.eta", '<a href="<%= it.link("item", item) %>">', "<a>");
  site.edit("templates/home.eta", "</a>", '</a><%= it.link("item", item) ?? "nowhere" %>');

  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 1, failed: 1, wrote: 4 });
  expect(built.errors).toEqual([
    'item/i1: routes.item.path gave "/items/undefined/", as slug is absent. Return null where there is no page, or take another field instead: film.slug ?? film.id.',
  ]);
  expect(site.read("dist/items/undefined/index.html")).toContain("item/i3");
  expect(site.read("dist/index.html").match(/nowhere/g)).toHaveLength(1);
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
