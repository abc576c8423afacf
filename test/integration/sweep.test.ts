import { expect, test } from "vitest";

import { ClockSite } from "../support/clock-site.ts";
import type { RunningSweep } from "../support/running-sweep.ts";

const HOUR = 3600;
/** Besides the items: a list of them, a page for each of three zones, one that says one thing until a time. */
const OTHERS = 5;

async function builtSite(items: number): Promise<ClockSite> {
  const site = new ClockSite("2026-03-01T08:00:00Z");
  await site.put(...Array.from({ length: items }, (_, item) => ({ id: `${1000 + item}` })));
  await site.build();
  await site.work();
  return site;
}

/** When each page was pressed, in seconds. */
function timesOf(sweep: RunningSweep): ReadonlyMap<string, readonly number[]> {
  const times = new Map<string, number[]>();
  for (const { key, at } of sweep.pressed) times.set(key, [...(times.get(key) ?? []), at / 1000]);
  return times;
}

test("a route is swept in a period of its own, the others in the sweep's, spread over it", async () => {
  const site = await builtSite(250);
  const sweep = site.sweep({ periodSeconds: 12 * HOUR });
  const from = site.nowMs / 1000;
  await site.pass(24 * HOUR);
  sweep.stop();
  await site.pass(60);
  await sweep.result;
  const until = from + 24 * HOUR;
  for (const [key, times] of timesOf(sweep)) {
    const gaps = [from, ...times, until].map((at, place, all) => at - (all[place - 1] ?? at));
    expect(Math.max(...gaps), key).toBeLessThanOrEqual((key === "list" ? HOUR / 4 : 12 * HOUR) + 60);
    if (key === "list") expect(times.length).toBeGreaterThanOrEqual(96);
    else if (key.startsWith("item/")) expect(times.length).toBeLessThanOrEqual(4);
  }
  expect(timesOf(sweep).size).toBe(250 + OTHERS);
  expect(sweep.late).toEqual([]);
});

test("a sweep that is kept from keeping up says with what it is behind, and the rate that is needed", async () => {
  const site = await builtSite(250);
  const sweep = site.sweep({ periodSeconds: HOUR, rate: 0.01 });
  await site.pass(2 * HOUR);
  sweep.stop();
  await site.pass(60);
  await sweep.result;
  const [first] = sweep.late;
  expect(first?.late.map(({ route }) => route)).toContain("list");
  // 250 items and four others an hour, the list four times an hour.
  expect(first?.neededPerSecond).toBeCloseTo(254 / HOUR + 1 / (HOUR / 4), 2);
  const last = sweep.late.at(-1);
  expect(last?.late.find(({ route }) => route === "item")?.ageSeconds).toBeGreaterThan(HOUR);
});

test("sweepers share a pass, and never go over the same slice", async () => {
  const site = await builtSite(1000);
  const sweeps = [1, 2, 3].map(() => site.sweep({ periodSeconds: HOUR, once: true }));
  await site.pass(600);
  const results = await Promise.all(sweeps.map(async ({ result }) => result));
  expect(results.map(({ ended }) => ended)).toEqual(["done", "done", "done"]);
  expect(results.reduce((sum, { tally }) => sum + tally.swept, 0)).toBe(1000 + OTHERS);
  expect(results.filter(({ tally }) => tally.swept > 0).length).toBeGreaterThan(1);
  const keys = sweeps.flatMap(({ pressed }) => pressed.map(({ key }) => key));
  expect(new Set(keys).size).toBe(keys.length);
});

test("a pass goes over everything, though another one did so in the same second", async () => {
  const site = await builtSite(250);
  const begun = site.nowMs;
  for (let pass = 0; pass < 2; pass++) {
    const sweep = site.sweep({ periodSeconds: HOUR, once: true });
    await site.pass(0.4);
    const { tally, ended } = await sweep.result;
    expect([ended, tally.swept]).toEqual(["done", 250 + OTHERS]);
  }
  expect(site.nowMs - begun).toBeLessThan(1000);
});

test("a pass during which the clock is set back begins anew, and ends", async () => {
  const site = await builtSite(250);
  const sweep = site.sweep({ periodSeconds: HOUR, once: true });
  let batches = 0;
  sweep.onPress = () => {
    if (++batches === 2) site.nowMs -= HOUR * 1000;
  };
  await site.pass(HOUR);
  const { tally, ended } = await sweep.result;
  expect(ended).toBe("done");
  expect(tally.swept).toBeLessThanOrEqual(2 * (250 + OTHERS));
  expect(new Set(sweep.pressed.map(({ key }) => key)).size).toBe(250 + OTHERS);
});

test("what a killed sweeper held is gone over by the next one, which goes on with its pass", async () => {
  const site = await builtSite(1000);
  const killed = site.sweep({ periodSeconds: HOUR, once: true });
  killed.onPress = () => killed.pressed.length >= 500 && killed.kill();
  await site.pass(600);
  const before = new Set(killed.pressed.map(({ key }) => key));
  expect(before.size).toBeGreaterThanOrEqual(500);
  expect(before.size).toBeLessThan(1000);

  const next = site.sweep({ periodSeconds: HOUR, once: true });
  await site.pass(600);
  const { tally, ended } = await next.result;
  expect(ended).toBe("done");
  const after = new Set(next.pressed.map(({ key }) => key));
  expect(new Set([...before, ...after]).size).toBe(1000 + OTHERS);
  // One slice is gone over twice: the one that was held.
  expect(tally.swept + before.size).toBeLessThanOrEqual(1000 + OTHERS + 100);
});

test("of one route leaves the pages of others alone, though they are older than the source", async () => {
  const site = await builtSite(20);
  await site.put({ id: "1000", published: "2026-02-01T00:00:00Z" });
  const sweep = site.sweep({ periodSeconds: HOUR, once: true, routes: new Set(["item"]) });
  await site.pass(600);
  expect((await sweep.result).tally.swept).toBe(20);
  expect(sweep.pressed.filter(({ key }) => !key.startsWith("item/"))).toEqual([]);
});
