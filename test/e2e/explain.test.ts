import { join } from "node:path";

import { expect, test } from "vitest";
import { z } from "zod";

import { RekilnError } from "../../src/core/errors.ts";
import { runExplain } from "../../src/system/run-explain.ts";
import { build, rekiln } from "../support/cli.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";

const claimants = z.array(z.object({ page: z.string(), wants: z.string().nullable(), stands: z.string().nullable() }));
const refs = z.array(z.object({ ref: z.string(), use: z.string(), isNamed: z.boolean(), isStored: z.boolean() }));
const schema = z.object({
  schema: z.literal("rekiln.explain.1"),
  path: z
    .object({
      path: z.string(),
      owner: z.string().optional(),
      claimants,
      left: z
        .object({ record: z.object({ kind: z.string(), key: z.string() }), now: z.string().optional() })
        .optional(),
      file: z.object({ bytes: z.number(), digest: z.string() }).optional(),
    })
    .nullable(),
  page: z
    .object({
      key: z.string(),
      located: z.object({ kind: z.string(), path: z.string().optional(), reason: z.string().optional() }),
      row: z
        .object({
          published: z
            .object({
              path: z.string(),
              digest: z.string(),
              stamp: z.object({ epoch: z.number(), version: z.number(), time: z.number() }),
            })
            .optional(),
          error: z.string().optional(),
        })
        .optional(),
      file: z.string().optional(),
      now: z.object({ kind: z.string(), error: z.string().optional() }),
      refs,
      claimants,
      left: z.array(z.object({ path: z.string(), kind: z.string() })),
      templates: z.array(z.string()),
      writtenMs: z.number().optional(),
    })
    .nullable(),
  notes: z.array(z.string()),
});

/** What `explain --json` says. */
async function explain(folder: string, target: string) {
  const { code, stdout, stderr } = await rekiln(folder, "explain", "--json", target);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return schema.parse(JSON.parse(stdout));
}

test("a page's refs are named in words, with fields and windows, and its bytes are compared with what they would be", async () => {
  const site = filmSite(filmsOf(60));
  await build(site.folder);

  const { path, page } = await explain(site.folder, "/films/film-3/");

  expect(path).toMatchObject({ path: "/films/film-3/", owner: "film/3", claimants: [{ page: "film/3" }] });
  expect(page).toMatchObject({
    key: "film/3",
    file: "recorded",
    now: { kind: "same" },
    row: { published: { path: "/films/film-3/", digest: path?.file?.digest } },
    templates: ["film", "layout"],
  });
  expect(page?.writtenMs).toBeGreaterThan(Date.now() - 600_000);
  expect(page?.refs.every(({ isNamed, isStored }) => isNamed && isStored)).toBe(true);
  const texts = page?.refs.map(({ ref }) => ref) ?? [];
  expect(texts).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^film:3\{.*title.*\}$/),
      expect.stringMatching(/^director:d3\{name\}$/),
      expect.stringMatching(/^film\[genres=[^\]]*\|[^\]]*\] by -rating to /),
      "asset:site.css",
      "path:/films/film-3",
    ]),
  );

  const text = await rekiln(site.folder, "explain", "film/3");
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/^page {6}film\/3 {2}wants \/films\/film-3\/$/m);
  expect(text.stdout).toMatch(/^ {2}now {5}the published bytes/m);
  expect(text.stdout).toMatch(/^ {2}uses director:d3\{name\}$/m);
  expect(text.stdout).toMatch(/^ {2}templates and code: film\.eta, layout\.eta, the config/m);
});

test("refs that today's data leads elsewhere from are said to have no words", async () => {
  const site = filmSite(filmsOf(30));
  await build(site.folder);
  // Taken into the mirror, but by a build of another route: the page is as it was.
  site.records("film", [{ ...filmOf(1), director: "d5" }, ...filmsOf(30).slice(1)]);
  await build(site.folder, "--route", "home");

  const { page, notes } = await explain(site.folder, "film/1");

  expect(page?.now).toMatchObject({ kind: "differs" });
  expect(page?.refs).toEqual(
    expect.arrayContaining([
      { ref: "?{name}", use: "entity", isNamed: false, isStored: true },
      { ref: "director:d5{name}", use: "entity", isNamed: true, isStored: false },
    ]),
  );
  expect(notes).toEqual([expect.stringContaining("no complete build has passed")]);
});

test("a path tells of its redirect, and of who else wants it", async () => {
  const site = filmSite(filmsOf(10));
  await build(site.folder);
  site.records("film", [{ ...filmOf(1), slug: "renamed" }, { ...filmOf(2), slug: "film-3" }, ...filmsOf(10).slice(2)]);
  await build(site.folder);

  const left = await explain(site.folder, "https://films.example/films/film-1");
  expect(left.path).toMatchObject({ left: { record: { kind: "redirect", key: "film/1" }, now: "/films/renamed/" } });
  expect(left.page).toBeNull();

  const { path, page } = await explain(site.folder, "/films/film-3/");
  expect(path).toMatchObject({
    owner: "film/2",
    claimants: [
      { page: "film/2", wants: "/films/film-3/", stands: "/films/film-3/" },
      { page: "film/3", wants: "/films/film-3/", stands: null },
    ],
  });
  expect(page?.key).toBe("film/2");
  const loser = await explain(site.folder, "film/3");
  expect(loser.page).toMatchObject({ row: { error: expect.stringContaining("belongs to film/2") } });
  expect(loser.page?.claimants).toMatchObject([{ page: "film/2" }]);

  const moved = await explain(site.folder, "film/1");
  expect(moved.page?.left).toEqual([expect.objectContaining({ path: "/films/film-1/", kind: "redirect" })]);
});

test("what isn't a page is said not to be, and what can't be one is refused", async () => {
  const site = filmSite(filmsOf(3));
  expect(await rekiln(site.folder, "explain", "/")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("rekiln build"),
  });
  await build(site.folder);

  expect((await explain(site.folder, "film/99")).page).toMatchObject({
    located: { kind: "none", reason: "no-subject" },
  });
  expect(await explain(site.folder, "/nothing/")).toMatchObject({ path: { claimants: [] }, page: null });
  for (const [target, hint] of [
    ["fim/3", "Did you mean film/3?"],
    ["film:3", "rekiln affected film:3"],
    ["https://other.example/", "isn't an address of this site"],
    ["/a/../b/", "isn't a path of the grammar"],
    ["film/%zz", "percent-encoded"],
    ["genre/drama#0", "a number from 1"],
  ] as const) {
    const configFile = join(site.folder, "rekiln.config.ts");
    const refused: unknown = await runExplain({ configFile, target }, {}, Date.now).catch((error: unknown) => error);
    expect(refused instanceof RekilnError && `${refused.message} ${refused.hint}`).toContain(hint);
  }
});

test("a failing page shows its error and keeps its published bytes", async () => {
  const site = filmSite(filmsOf(3));
  await build(site.folder);
  site.edit("templates/home.eta", "it.films", "it.missing");
  await build(site.folder);

  const { page } = await explain(site.folder, "/");

  expect(page).toMatchObject({
    key: "home",
    now: { kind: "failed", error: expect.stringContaining("missing") },
    row: { published: { path: "/" }, error: expect.stringContaining("templates/home.eta:2") },
  });
});
