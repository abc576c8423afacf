import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { filmsOf } from "./film-site.ts";
import { drain, WorkSite } from "./work-site.ts";

test("a release queues the routes that it touches, and a rollback is one too", { timeout: 120_000 }, async () => {
  const site = await WorkSite.make(filmsOf(8));
  const before = site.site.read("templates/film.eta");
  site.site.write("templates/film.eta", `${before}<p>New</p>`);

  const foreseen = await rekiln(site.folder, "release", "--dry-run");
  expect(foreseen).toMatchObject({ code: 0, stdout: "Epoch 2 would queue:\n  film  8 pages\n" });
  const released = await rekiln(site.folder, "release", "--json");
  expect(JSON.parse(released.stdout)).toMatchObject({
    schema: "rekiln.release.1",
    epoch: 2,
    routes: [{ route: "film", pages: 8 }],
    exitCode: 0,
  });
  expect(await drain(site.folder)).toMatchObject({ written: 8, exitCode: 0 });
  expect(site.site.read("dist/films/film-1/index.html")).toContain("<p>New</p>");
  expect((await rekiln(site.folder, "release")).stdout).toMatch(/^Nothing to release: .* epoch 2, the newest\.\n$/);
  expect(await site.differencesFromClean()).toEqual([]);

  site.site.write("templates/film.eta", before);
  // What no page uses is copied all the same.
  site.site.write("static/robots.txt", "User-agent: *\n");
  expect((await rekiln(site.folder, "release")).stdout).toContain("Epoch 3 is registered. Queued:\n  film  8 pages\n");
  expect(site.site.read("dist/robots.txt")).toBe("User-agent: *\n");
  expect(await drain(site.folder)).toMatchObject({ written: 8, exitCode: 0 });
  site.site.write("static/robots.txt", "User-agent: x\n");
  expect((await rekiln(site.folder, "release")).stdout).toMatch(/^Nothing to release/);
  expect(site.site.read("dist/robots.txt")).toBe("User-agent: x\n");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 0 });
});
