import { expect, test } from "vitest";

import { build, rekiln, Running } from "../support/cli.ts";
import { filmSite, filmsOf } from "./film-site.ts";
import { drain, workedOf, WorkSite } from "./work-site.ts";

test("a worker of a site that isn't built is refused", async () => {
  const site = filmSite(filmsOf(3));
  const { code, stdout, stderr } = await rekiln(site.folder, "work", "--until-empty");
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain("rekiln build");
  // Nor is one whose manifest is gone, while its pages are there.
  await build(site.folder);
  site.remove(".rekiln");
  expect(await rekiln(site.folder, "work", "--until-empty")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("rekiln build"),
  });
});

test("a worker with other templates than were registered is refused", async () => {
  const site = await WorkSite.make(filmsOf(3));
  const before = site.site.read("templates/film.eta");
  site.site.write("templates/film.eta", `${before}<p>New</p>`);
  const { code, stdout, stderr } = await rekiln(site.folder, "work", "--until-empty");
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain("rekiln release");
  site.site.write("templates/film.eta", before);
  expect(await drain(site.folder)).toMatchObject({ exitCode: 0 });
});

test("a worker ends by itself when newer templates are registered; what comes then waits for one with them", async () => {
  const site = await WorkSite.make(filmsOf(20));
  const running = new Running(site.folder, ["work", "--json"]);
  await running.said(/Working with/);
  site.site.edit("templates/film.eta", "<h1>", '<h1 class="new">');
  expect(await build(site.folder)).toMatchObject({ exitCode: 0 });
  const worked = workedOf(await running.ended);
  expect(worked).toMatchObject({ ended: "replaced", exitCode: 3 });
  await site.put({ ...site.film("7"), title: "Seven" });
  expect(await drain(site.folder)).toMatchObject({ ended: "empty", messages: 1, exitCode: 0 });
  expect(await site.differencesFromClean()).toEqual([]);
});

test("a worker ends by itself when the manifest is replaced", async () => {
  const site = await WorkSite.make(filmsOf(3));
  const running = new Running(site.folder, ["work"]);
  await running.said(/Working with/);
  site.site.remove(".rekiln");
  const { code, stdout } = await running.ended;
  expect(code).toBe(3);
  expect(stdout).toContain("run rekiln build");
});
