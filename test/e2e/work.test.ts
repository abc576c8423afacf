import { expect, test } from "vitest";

import { differences } from "../support/temporary-site.ts";
import { rekilnReading } from "../support/cli.ts";
import { filmOf, filmsOf } from "./film-site.ts";
import { drain, siteQueue, WorkSite } from "./work-site.ts";

test("an empty queue is drained at once", async () => {
  const site = await WorkSite.make(filmsOf(3));
  expect(await drain(site.folder)).toMatchObject({ ended: "empty", messages: 0, rendered: 0, exitCode: 0 });
});

test("each edit regenerates the pages that it changes, and no others", { timeout: 120_000 }, async () => {
  const site = await WorkSite.make(filmsOf(40));
  const edits: readonly (readonly [name: string, edit: () => Promise<void>])[] = [
    ["title", async () => site.put({ ...site.film("7"), title: "Seven" })],
    ["rating", async () => site.put({ ...site.film("8"), rating: 9.95 })],
    ["rename", async () => site.put({ ...site.film("9"), slug: "nine" })],
    ["genre", async () => site.put({ ...site.film("10"), genres: ["noir", "musical"] })],
    ["draft", async () => site.put({ ...site.film("11"), draft: true })],
    ["create", async () => site.put(filmOf(41))],
    ["delete", async () => site.delete("12")],
  ];
  for (const [name, edit] of edits) {
    const [pages, marks] = [site.site.pages(), site.site.marks()];
    await edit();
    const worked = await drain(site.folder);
    expect(worked, name).toMatchObject({ ended: "empty", messages: 1, changes: 1, failed: 0, exitCode: 0 });
    const changed = differences(pages, site.site.pages());
    expect(changed.length, name).toBeGreaterThan(0);
    expect(differences(marks, site.site.marks()), name).toEqual(changed);
    // A sitemap follows the pages; it is none.
    const written = changed.filter((line) => !line.startsWith("gone") && !line.includes("sitemap"));
    expect(worked.written, name).toBe(written.length);
    // Fewer than three are rendered for one that changes: windows and counts say which may.
    expect(worked.rendered, name).toBeLessThan(3 + 3 * worked.written);
  }
  expect(await site.differencesFromClean()).toEqual([]);
});

test("a thousand events of one film are one change", async () => {
  const site = await WorkSite.make(filmsOf(40));
  await site.put({ ...site.film("7"), title: "Seven" });
  using queue = siteQueue(site.site);
  const [event] = await queue.peek("live", 1);
  await queue.send(
    "live",
    Array.from({ length: 999 }, () => ({ body: event?.body ?? "" })),
  );
  const worked = await drain(site.folder);
  expect(worked).toMatchObject({ messages: 1000, discarded: 0, exitCode: 0 });
  expect(worked.changes).toBeLessThanOrEqual(3);
  expect(worked.rendered).toBe(worked.written);
  expect(await site.differencesFromClean()).toEqual([]);
});

test("two workers share what there is to do", { timeout: 60_000 }, async () => {
  const site = await WorkSite.make(filmsOf(400));
  await site.import(
    [...site.films.values()].map((film) => ({ ...film, title: `${film.title}, again`, rating: 10 - film.rating })),
  );
  const worked = await Promise.all([drain(site.folder), drain(site.folder)]);
  for (const one of worked) expect(one).toMatchObject({ ended: "empty", failed: 0, discarded: 0, exitCode: 0 });
  expect(await site.differencesFromClean()).toEqual([]);
});

test("what affects many pages goes through the bulk lane", { timeout: 60_000 }, async () => {
  const site = await WorkSite.make(filmsOf(2000));
  const director = await rekilnReading('{"name":"Ridley"}', site.folder, "put", "director:d3");
  expect(director).toMatchObject({ code: 0 });
  const live = await drain(site.folder, "--lane", "live");
  expect(live).toMatchObject({ ended: "empty", messages: 1, written: 0, exitCode: 0 });
  expect(live.handedOn).toBeGreaterThan(1);
  expect(await drain(site.folder, "--lane", "bulk")).toMatchObject({
    ended: "empty",
    messages: live.handedOn,
    written: live.affected,
    exitCode: 0,
  });
  expect(site.site.read("dist/films/film-3/index.html")).toContain("by Ridley");
});
