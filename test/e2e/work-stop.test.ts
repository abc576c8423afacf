import { expect, test } from "vitest";

import { rekilnReading, Running } from "../support/cli.ts";
import { filmsOf } from "./film-site.ts";
import type { Film } from "./film-site.ts";
import { drain, siteQueue, workedOf, WorkSite } from "./work-site.ts";

const SLOW = "<% Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 130) %>";

/** The same films with other titles. */
const retitled = (site: WorkSite, count: number): readonly Film[] =>
  [...site.films.values()].slice(0, count).map((film) => ({ ...film, title: `${film.title}, again` }));

test("told to stop, a worker ends with nothing lost and nothing held", { timeout: 60_000 }, async () => {
  const site = await WorkSite.make(filmsOf(1200));
  await site.import(retitled(site, 1200));
  const running = new Running(site.folder, ["work", "--json", "--concurrency", "1"]);
  using queue = siteQueue(site.site);
  // It has handed its first work on.
  while ((await queue.depth()).bulk.inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  running.kill("SIGTERM");
  const worked = workedOf(await running.ended);
  expect(worked).toMatchObject({ ended: "stopped", released: 0, failed: 0, exitCode: 0 });
  const { live, bulk } = await queue.depth();
  expect({ live: live.inFlight, bulk: bulk.inFlight, dead: live.dead + bulk.dead }).toEqual({
    live: 0,
    bulk: 0,
    dead: 0,
  });
  expect(live.waiting + bulk.waiting).toBeGreaterThan(0);
  expect(await drain(site.folder)).toMatchObject({ ended: "empty", failed: 0, exitCode: 0 });
  expect(await site.differencesFromClean()).toEqual([]);
});

test("what a worker can't finish in time is given back", { timeout: 120_000 }, async () => {
  const site = await WorkSite.make(filmsOf(180), (made) => {
    made.write(
      "templates/film.eta",
      `<% if (Date.now() < Number(it.film.title.split(" until ")[1])) { %>${SLOW}<% } %>${made.read("templates/film.eta")}`,
    );
  });
  // 180 pages that take 130 ms each: in one thread longer than the 20 s that it is given.
  // Once it has had them, and was told to stop before, pages are as quick as ever.
  const until = Date.now() + 30_000;
  await site.import(retitled(site, 180).map((film) => ({ ...film, title: `${film.title} until ${until}` })));
  const running = new Running(site.folder, ["work", "--json", "--concurrency", "1"]);
  using queue = siteQueue(site.site);
  while ((await queue.depth()).live.inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const stopped = performance.now();
  running.kill("SIGTERM");
  const worked = workedOf(await running.ended);
  expect((performance.now() - stopped) / 1000).toBeLessThan(25);
  expect(worked).toMatchObject({ ended: "stopped", failed: 0, exitCode: 0 });
  expect(worked.released).toBeGreaterThan(0);
  const { live, bulk } = await queue.depth();
  expect({ live: live.inFlight, bulk: bulk.inFlight }).toEqual({ live: 0, bulk: 0 });
  expect(await drain(site.folder)).toMatchObject({ ended: "empty", failed: 0, exitCode: 0 });
  expect(await site.differencesFromClean()).toEqual([]);
});

test("a second signal ends a worker at once", async () => {
  const site = await WorkSite.make(filmsOf(50), (made) => {
    made.write("templates/home.eta", `${SLOW.repeat(50)}${made.read("templates/home.eta")}`);
  });
  await rekilnReading('{"name":"Ridley"}', site.folder, "put", "director:d3");
  await site.delete("7");
  const running = new Running(site.folder, ["work", "--json"]);
  using queue = siteQueue(site.site);
  while ((await queue.depth()).live.inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  running.kill("SIGTERM");
  await running.said(/Once more/);
  running.kill("SIGTERM");
  expect(await running.ended).toMatchObject({ code: 130 });
});
