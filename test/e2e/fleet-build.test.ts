import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import { drain } from "./work-site.ts";

async function cleanPages(films: Parameters<typeof filmSite>[0]): Promise<ReadonlyMap<string, string>> {
  const clean = filmSite(films);
  await build(clean.folder);
  return clean.pages();
}

async function queueBuild(site: TemporarySite, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout, stderr } = await rekiln(site.folder, "build", "--fleet", "--no-wait", "--json", ...args);
  if (stdout === "") throw new Error(`it printed nothing: ${stderr}`);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

test("workers make a new site, and what changed since", { timeout: 180_000 }, async () => {
  const site = filmSite(filmsOf(60));
  const routes = ["film", "genre", "films", "home", "feed", "search", "notFound"];
  const first = await queueBuild(site);
  expect(first["routes"]).toEqual(routes.map((route) => ({ route, pages: 0 })));
  await drain(site.folder);
  expect(differences(await cleanPages(filmsOf(60)), site.pages())).toEqual([]);

  const edited = [...filmsOf(60).slice(1), { ...filmOf(61), genres: ["noir"] }];
  site.records("film", edited);
  expect(await queueBuild(site)).toMatchObject({ routes: [], changes: 2 });
  await drain(site.folder);
  expect(differences(await cleanPages(edited), site.pages())).toEqual([]);

  site.edit("templates/genre.eta", "of <%=", "from <%=");
  expect(await queueBuild(site)).toMatchObject({ routes: [{ route: "genre" }], changes: 0 });
  expect(await drain(site.folder)).toMatchObject({ failed: 0, exitCode: 0 });
  // A build of one machine has nothing left to do.
  expect(await build(site.folder)).toMatchObject({ wrote: 0, removed: 0, exitCode: 0 });
});

test("pages that nobody knows are left to a build of one machine", async () => {
  const site = filmSite(filmsOf(3));
  site.write("dist/films/film-1/index.html", "<p>older than rekiln</p>");
  expect(await rekiln(site.folder, "build", "--fleet", "--no-wait")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("rekiln build --fleet goes on"),
  });
});
