import { expect, test } from "vitest";

import { build, rekiln, Running } from "../support/cli.ts";
import { TemporarySite } from "../support/temporary-site.ts";
import { itemSite, itemsOf } from "./item-site.ts";

test("a config with several mistakes reports all of them by key path", async () => {
  const site = new TemporarySite({
    "rekiln.config.ts": `import { z } from "zod";
import { defineEntities, defineSite, entity, files } from "rekiln";
const entities = defineEntities({
  film: entity(z.object({ id: z.string(), title: z.string() }), { index: ["title"] }),
});
export default defineSite({
  url: "films",
  source: files("data/"),
  entities,
  routes: {
    film: { each: "movie", path: (film) => "/", template: "film" },
    films: { path: "/films", list: { of: "film", orderBy: "-released", perPage: 0 }, template: "films" },
    home: { path: "/", template: 5 },
  },
});
`,
  });

  const { code, stdout, stderr } = await rekiln(site.folder, "build");

  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  for (const path of [
    "url",
    "routes.film.each",
    "routes.films.list.orderBy",
    "routes.films.list.perPage",
    "routes.home.template",
  ]) {
    expect(stderr).toMatch(new RegExp(`^ *${path.replaceAll(".", "\\.")}[^:]*: .+ — .+`, "m"));
  }
});

test.each([
  { name: "a route that isn't declared", args: ["build", "--route", "itme"], says: /"itme".*\n.*item/ },
  { name: "an unknown option", args: ["build", "--frce"], says: /--frce/ },
  { name: "an unknown command", args: ["bulid"], says: /bulid/ },
  { name: "a thread count that is no number", args: ["build", "--concurrency", "many"], says: /many/ },
  { name: "a negative number of deletes", args: ["build", "--max-deletes", "-1"], says: /max-deletes/ },
  { name: "a config that isn't there", args: ["build", "--config", "other.ts"], says: /other\.ts/ },
])("$name is a usage error", async ({ args, says }) => {
  const site = itemSite(itemsOf(1));
  const { code, stdout, stderr } = await rekiln(site.folder, ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(says);
});

test("a config that can't be loaded is reported with its file and line", async () => {
  const site = itemSite(itemsOf(1));
  site.write("broken.ts", "export const title = 'x';\nthrow new Error('not today');\n");
  site.write("rekiln.config.ts", `import "./broken.ts";\n${site.read("rekiln.config.ts")}`);
  const { code, stderr } = await rekiln(site.folder, "build");
  expect(code).toBe(2);
  expect(stderr).toContain("broken.ts:2: not today");
});

test("a bad record is reported with file and line, and deletes nothing of its type", async () => {
  const site = itemSite(itemsOf(4));
  await build(site.folder);
  const lines = ['{"id":"i0","title":"Changed"}', "{oops", "", '{"id":7}', '{"id":"i9","title":"New"}', '{"id":"i0"}'];
  site.write("data/item.ndjson", `${lines.join("\n")}\n`);

  const built = await build(site.folder);

  expect(built).toMatchObject({
    exitCode: 1,
    failed: 0,
    removed: 0,
    source: { deleted: 0, kept: 3, inserted: 1, updated: 1 },
  });
  const places = built.source.problems.map(({ place }) => place);
  expect(places).toEqual(["data/item.ndjson:2", "data/item.ndjson:4", "data/item.ndjson:6"]);
  expect(built.stderr).toMatch(/data\/item\.ndjson:2: not valid JSON/);
  expect(built.stderr).toMatch(/data\/item\.ndjson:4: id: /);
  expect(built.stderr).toMatch(/data\/item\.ndjson:6: .*"i0".*twice/);
  expect(built.stderr).toMatch(/3 entities .* kept/);
  expect(site.filesButSitemaps()).toEqual(
    ["i0", "i1", "i2", "i3", "i9"].map((id) => `items/${id}/index.html`).toSpliced(0, 0, "index.html"),
  );
  expect(site.read("dist/items/i0/index.html")).toContain("Changed");

  // Mended: what is gone now goes.
  site.records("item", [{ id: "i0", title: "Changed" }]);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, removed: 4, source: { deleted: 4 } });
});

test("a folder that is named like a file of records is reported, and deletes nothing of its type", async () => {
  const site = itemSite(itemsOf(3));
  await build(site.folder);
  site.remove("data/item.ndjson");
  site.write("data/item.ndjson/more.ndjson", '{"id":"i9"}\n');
  site.write("data/item/i7.json", '{"id":"i7"}\n');

  const built = await build(site.folder);

  expect(built).toMatchObject({ exitCode: 1, removed: 0, source: { kept: 3, inserted: 1 } });
  expect(built.stderr).toMatch(/^data\/item\.ndjson: is a folder: /m);
  site.remove("data/item.ndjson");
  site.remove("data/item");
  site.write("data/item", "a file\n");
  site.records("item", itemsOf(3));
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, removed: 1 });
});

test(
  "a command whose output nobody reads any more ends quietly, with its own exit code",
  { timeout: 30_000 },
  async () => {
    const site = itemSite(itemsOf(3));
    const building = new Running(site.folder, ["build", "--route", "home", "item"]);
    building.closeOutput();
    expect(await building.ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining("EPIPE") });
    const watching = new Running(site.folder, ["status", "--watch"]);
    await watching.said(/published/);
    watching.closeOutput();
    expect(await watching.ended).toMatchObject({ code: 0, stderr: "" });
  },
);

test("a data folder that isn't there is refused; an empty or missing file deletes nothing and says so", async () => {
  const site = itemSite(itemsOf(3));
  await build(site.folder);
  const marks = site.marks();

  site.write("data/item.ndjson", "");
  const empty = await build(site.folder);
  expect(empty).toMatchObject({ exitCode: 1, wrote: 0, removed: 0, source: { kept: 3, deleted: 0 } });
  expect(empty.stderr).toMatch(/data\/item\.ndjson: is empty.* 3 /);

  site.remove("data/item.ndjson");
  const missing = await build(site.folder);
  expect(missing).toMatchObject({ exitCode: 1, wrote: 0, removed: 0, source: { kept: 3, deleted: 0 } });
  expect(missing.stderr).toContain("item.ndjson");

  site.remove("data");
  const { code, stdout, stderr } = await rekiln(site.folder, "build");
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toMatch(/data.* isn't there/);
  expect(site.marks()).toEqual(marks);

  site.records("item", itemsOf(3));
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0, removed: 0 });
});
