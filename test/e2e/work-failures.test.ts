import { join } from "node:path";

import { expect, test } from "vitest";

import { NO_METRICS } from "../../src/press/work-metrics.ts";
import type { WorkResult } from "../../src/press/work-context.ts";
import { LANES } from "../../src/queue/queue.ts";
import { runWork } from "../../src/system/run-work.ts";
import { rekiln, Running } from "../support/cli.ts";
import { filmsOf } from "./film-site.ts";
import { drain, siteQueue, workedOf, WorkSite } from "./work-site.ts";

const FRAGILE = '<% if (it.film.title === "Broken") throw new Error("this film is broken") %>';

/** Films whose page can't be made while their title is "Broken". */
async function fragileSite(): Promise<WorkSite> {
  return WorkSite.make(filmsOf(20), (site) => {
    const template = site.read("templates/film.eta");
    site.write("templates/film.eta", `${template}${FRAGILE}`);
  });
}

/** A drain in this process, which doesn't wait between tries. */
async function drainImpatiently(site: WorkSite): Promise<WorkResult> {
  const options = { lanes: LANES, untilEmpty: true, concurrency: 1, maxDeletes: undefined, watches: false };
  const silent = (): void => undefined;
  return runWork(
    { ...options, configFile: join(site.folder, "rekiln.config.ts"), retrySeconds: 0 },
    {
      environment: { ...process.env },
      stop: new AbortController().signal,
      metrics: NO_METRICS,
      onProgress: silent,
      warn: silent,
      onReady: silent,
    },
  );
}

test("a page that can't be made keeps its last bytes, harms no other, and ends in the dead letters with its error", async () => {
  const site = await fragileSite();
  const before = site.site.read("dist/films/film-7/index.html");
  await site.put({ ...site.film("7"), title: "Broken" });
  await site.put({ ...site.film("8"), title: "Eight" });
  const { tally, ended } = await drainImpatiently(site);
  expect(ended).toBe("empty");
  expect(tally).toMatchObject({ failed: 5, retries: 4, discarded: 1 });
  expect(site.site.read("dist/films/film-7/index.html")).toBe(before);
  expect(site.site.read("dist/films/film-8/index.html")).toContain("Eight");
  expect(site.site.read("dist/films/index.html")).toContain("Broken");
  using queue = siteQueue(site.site);
  const [letter, ...others] = await queue.deadLetters("live", { limit: 10 });
  expect(others).toEqual([]);
  expect(letter?.reason).toMatch(/film\/7.*this film is broken/s);
  expect(JSON.parse(letter?.body ?? "")).toMatchObject({ kind: "pages", keys: ["film/7"], tries: 4 });

  // What mends it is an event of its own; a letter that is sent once more finds nothing to do.
  await site.put({ ...site.film("7"), title: "Mended" });
  expect(await drain(site.folder)).toMatchObject({ failed: 0, discarded: 0, exitCode: 0 });
  expect(await site.differencesFromClean()).toEqual([]);
  expect(await rekiln(site.folder, "queue", "redrive", "--all")).toMatchObject({ code: 0 });
  expect(await drain(site.folder)).toMatchObject({ messages: 1, written: 0, failed: 0, exitCode: 0 });
});

test("a page that failed is tried again after a while", { timeout: 60_000 }, async () => {
  const site = await fragileSite();
  await site.put({ ...site.film("7"), title: "Broken" });
  const running = new Running(site.folder, ["work", "--until-empty", "--json"]);
  using queue = siteQueue(site.site);
  // Its retry waits for its time.
  while ((await queue.depth()).live.delayed === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await site.put({ ...site.film("7"), title: "Mended" });
  const worked = workedOf(await running.ended);
  expect(worked).toMatchObject({ ended: "empty", discarded: 0, errors: [], exitCode: 0 });
  expect(worked.retries).toBeGreaterThan(0);
  expect(worked.messages).toBeGreaterThanOrEqual(3);
  expect(await site.differencesFromClean()).toEqual([]);
});

test("messages that can't be used go to the dead letters, and the others are done", async () => {
  const site = await WorkSite.make(filmsOf(20));
  using queue = siteQueue(site.site);
  const poison = [
    "nonsense",
    "[]",
    "{}",
    '{"v":1,"kind":"change","entity":"film"}',
    '{"v":9,"kind":"change","entity":"film:1"}',
    '{"v":1,"kind":"pages","keys":["../../etc/passwd"],"tries":0,"version":0,"epoch":0,"isForced":false,"since":0,"waited":0}',
    `{"v":1,"kind":"${"x".repeat(60_000)}"}`,
  ];
  await queue.send(
    "live",
    poison.slice(0, 4).map((body) => ({ body })),
  );
  await site.put({ ...site.film("7"), title: "Seven" });
  await queue.send(
    "live",
    poison.slice(4).map((body) => ({ body })),
  );
  await queue.send("bulk", [{ body: "nonsense" }]);
  // Nothing is wrong with these: there just is no such page, route, type or film.
  const request = { v: 1, version: 0, epoch: 0, isForced: false, since: 0, waited: 0 };
  const stray = [
    { ...request, kind: "pages", tries: 0, keys: ["film/none", "no/1", "genre/=1", "film/7#9", "home/x"] },
    { ...request, kind: "route", route: "no" },
    { v: 1, kind: "change", entity: "no:1" },
    { v: 1, kind: "change", entity: "film:none" },
  ];
  await queue.send(
    "live",
    stray.map((body) => ({ body: JSON.stringify(body) })),
  );

  const worked = await drain(site.folder);
  expect(worked).toMatchObject({ ended: "empty", messages: 5, discarded: 8, failed: 0, exitCode: 1 });
  const dead = await queue.deadLetters("live", { limit: 100 });
  expect(dead.map(({ body }) => body)).toEqual(poison);
  for (const { reason } of dead) expect(reason).toMatch(/^the message can't be used: .{5,300}$/);
  expect(await queue.deadLetters("bulk", { limit: 100 })).toHaveLength(1);
  expect(await site.differencesFromClean()).toEqual([]);
});
