import { expect, test } from "vitest";
import { z } from "zod";

import { rekiln } from "../support/cli.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import { packageSite } from "./package-site.ts";

const problem = z.object({ key: z.string(), message: z.string() });
const counted = z.object({ items: z.array(problem), count: z.number() });
const schema = z.object({
  schema: z.literal("rekiln.check.1"),
  problems: z.number(),
  routes: z.number(),
  pages: z.number(),
  sampled: z.number(),
  source: z.object({ problems: z.array(z.object({ place: z.string() })), problemCount: z.number() }).nullable(),
  paths: counted,
  collisions: counted,
  windows: counted,
  failed: z.array(z.object({ key: z.string(), error: z.string() })),
  unstable: z.array(
    z.object({
      key: z.string(),
      template: z.string(),
      causes: z.array(z.string()),
      lines: z.array(z.object({ line: z.number(), first: z.string().optional(), second: z.string().optional() })),
    }),
  ),
  deadLinks: z.array(z.object({ key: z.string(), href: z.string(), pages: z.number() })),
  exitCode: z.number(),
});

/** What `check --json` says; its exit code must be the process's. */
async function check(folder: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await rekiln(folder, "check", "--json", ...args);
  const said = schema.parse(JSON.parse(stdout === "" ? `{"stderr":${JSON.stringify(stderr)}}` : stdout));
  expect(said.exitCode).toBe(code);
  return said;
}

test("a site that is in order has no problem, and nothing is written but the mirror", async () => {
  const site = filmSite(filmsOf(60));
  const { exitCode, sampled, ...said } = await check(site.folder);
  expect({ exitCode, problems: said.problems }, JSON.stringify(said)).toEqual({ exitCode: 0, problems: 0 });
  // Films, and what there is one of; genres with their second page.
  expect(sampled).toBeGreaterThan(20);
  expect(() => site.files()).toThrow(/ENOENT/);

  expect(await rekiln(site.folder, "check")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^\d+ pages of \d+ routes, further pages of lists not counted; \d+ rendered twice: nothing is wrong\n$/,
    ),
  });
});

test("the package catalogue is in order", { timeout: 120_000 }, async () => {
  const site = packageSite();
  const { problems, ...said } = await check(site.folder, "--sample", "4");
  expect(problems, JSON.stringify(said)).toBe(0);
});

test("what a page takes from elsewhere is named, with page, template, line and cause", async () => {
  const site = filmSite(filmsOf(8));
  site.edit("templates/home.eta", "<h1>", "<p><%= new Date().toISOString() %></p>\n<h1>");
  site.edit("templates/film.eta", "<h1>", "<p><%= new Date(0).getHours() %></p>\n<h1>");
  site.edit("templates/genre.eta", "<h1>", "<p><%= (1234.5).toLocaleString() %></p>\n<h1>");
  site.edit("templates/films.eta", "<h1>", "<p><%= Object.keys(it.pager.items[0]).join() %></p>\n<h1>");
  site.edit("templates/404.eta", "<h1>", "<p><%= Math.random() %></p>\n<h1>");

  const { unstable, exitCode } = await check(site.folder, "--sample", "2");

  expect(exitCode).toBe(1);
  const by = (key: string) => unstable.find((page) => page.key === key);
  expect(by("home")).toMatchObject({ template: "templates/home.eta", causes: ["clock"] });
  expect(by("home")?.lines[0]?.first).toMatch(/^<body><p>\d{4}-/);
  expect(by("film/1")).toMatchObject({ template: "templates/film.eta", causes: ["time zone"] });
  expect(by("films")).toMatchObject({ causes: ["key order"] });
  expect(by("notFound")).toMatchObject({ causes: ["chance"] });
  expect(unstable.find(({ key }) => key.startsWith("genre/"))).toMatchObject({
    causes: ["language"],
    lines: [{ line: 3, first: expect.stringContaining("1,234.5"), second: expect.stringContaining("234,5") }],
  });
});

test("dead links, collisions, bad paths, names that Windows lacks, bad records and failing pages are told", async () => {
  const site = filmSite([
    ...filmsOf(5),
    { ...filmOf(6), slug: "film-3" },
    { ...filmOf(7), slug: "aux" },
    { ...filmOf(8), slug: "a/../b" },
    { ...filmOf(9), title: "Fails" },
  ]);
  site.write("data/director.ndjson", '{"id":"d1"}\n');
  site.edit(
    "templates/home.eta",
    "<h1>",
    '<a href="/nowhere/">x</a><a href="/films/2/">x</a><a href="/films/">y</a><h1>',
  );
  site.edit("templates/film.eta", "<h1>", '<% if (it.film.title === "Fails") it.film.missing.x; %><h1>');

  const said = await check(site.folder, "--sample", "20");

  expect(said.deadLinks).toEqual([
    { key: "home", href: "/nowhere/", pages: 1 },
    { key: "home", href: "/films/2/", pages: 1 },
  ]);
  expect(said.collisions).toMatchObject({ count: 1, items: [{ key: "film/6" }] });
  expect(said.collisions.items[0]?.message).toContain("belongs to film/3");
  expect(said.paths).toMatchObject({ count: 1, items: [{ key: "film/8" }] });
  expect(said.windows).toMatchObject({ count: 1, items: [{ key: "film/7" }] });
  expect(said.source).toMatchObject({ problemCount: 1 });
  expect(said.failed).toEqual(
    expect.arrayContaining([expect.objectContaining({ key: "film/9", error: expect.stringContaining("film.eta") })]),
  );
  expect(said.exitCode).toBe(1);
});

test("a template that can't be compiled is a problem, an absent source ends with 3", async () => {
  const site = filmSite(filmsOf(2));
  site.edit("templates/film.eta", "<h1>", "<h1 onclick=<%= it.film.title %>>");
  expect(await rekiln(site.folder, "check")).toMatchObject({ code: 1, stdout: expect.stringContaining("film.eta:2") });
  site.edit("templates/film.eta", "<h1 onclick=<%= it.film.title %>>", "<h1>");
  site.remove("data");
  expect(await rekiln(site.folder, "check")).toMatchObject({ code: 3, stderr: expect.stringContaining("data") });
});
