import { expect, test } from "vitest";

import { rekiln, Running } from "../support/cli.ts";
import { filmOf, filmsOf } from "./film-site.ts";
import { drain, WorkSite } from "./work-site.ts";

test("what is rendered again is queued, counted, and asked about", { timeout: 120_000 }, async () => {
  const site = await WorkSite.make(filmsOf(12));
  const rebuild = async (...args: readonly string[]) => rekiln(site.folder, "rebuild", ...args);

  expect(await rebuild("film:3")).toMatchObject({ code: 0, stdout: "1 page queued.\n" });
  expect(await rebuild("/films/film-4/", "--reason", "a typo")).toMatchObject({ code: 0, stdout: "1 page queued.\n" });
  // Nobody can be asked here.
  const unasked = await rebuild("--route", "film");
  expect(unasked).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("12 pages. Say --yes") });
  expect(await rebuild("--route", "film", "--yes")).toMatchObject({ code: 0, stdout: "12 pages queued.\n" });
  const peeked = await rekiln(site.folder, "queue", "peek");
  expect(peeked.stdout).toMatch(/live: the next 2\n.*film\/3[^]*film\/4[^]*a typo[^]*bulk: the next 1\n/);
  // A rebuild renders, whatever is known of the pages.
  expect(await drain(site.folder)).toMatchObject({ rendered: 14, written: 0, exitCode: 0 });

  for (const name of ["film:99", "/nowhere/", "nothing"]) {
    expect(await rebuild(name), name).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(name) });
  }
  expect(await rebuild()).toMatchObject({ code: 2, stderr: expect.stringContaining("rekiln rebuild --all") });
  expect(await rebuild("--route", "flim")).toMatchObject({ code: 2, stderr: expect.stringMatching(/flim.*\n.*film/) });
});

test("whoever waits learns whether anything had changed, and may stop", { timeout: 120_000 }, async () => {
  const site = await WorkSite.make(filmsOf(5));
  const waiting = new Running(site.folder, ["rebuild", "film:3", "--wait", "--json"]);
  await waiting.said(/Nobody seems to work/);
  waiting.kill("SIGINT");
  const stopped = await waiting.ended;
  expect(stopped).toMatchObject({ code: 130, stderr: expect.stringContaining("what is queued stays queued") });
  expect(JSON.parse(stopped.stdout)).toMatchObject({ pages: 1, isDone: false, interrupted: true, exitCode: 130 });

  const worker = new Running(site.folder, ["work"]);
  await worker.said(/Working with/);
  const equal = await rekiln(site.folder, "rebuild", "film:3", "--wait");
  expect(equal).toMatchObject({ code: 0, stdout: "1 page rendered: nothing had changed.\n" });
  site.site.write("dist/films/film-3/index.html", "edited by hand\n");
  const mended = await rekiln(site.folder, "rebuild", "film:3", "--wait", "--json");
  expect(JSON.parse(mended.stdout)).toMatchObject({ schema: "rekiln.rebuild.1", isDone: true, exitCode: 0 });
  expect(site.site.read("dist/films/film-3/index.html")).toContain("Film 3");
  worker.kill("SIGTERM");
  expect((await worker.ended).code).toBe(0);
});

test("all is rebuilt as a clean build makes it, further pages of lists too, though every event was lost", async () => {
  const site = await WorkSite.make(filmsOf(12));
  const many = Array.from({ length: 150 }, (_, index) => ({ ...filmOf(100 + index), genres: ["noir"] }));
  await site.import(many);
  expect(await rekiln(site.folder, "queue", "purge", "--yes")).toMatchObject({ code: 0 });
  expect(await rekiln(site.folder, "rebuild", "--all", "--yes")).toMatchObject({ code: 0 });
  expect(await drain(site.folder)).toMatchObject({ ended: "empty", failed: 0, exitCode: 0 });
  expect(site.site.files().filter((file) => file.startsWith("genres/noir/")).length).toBeGreaterThan(1);
  expect(await site.differencesFromClean()).toEqual([]);
});
