import { existsSync, watch } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, rekiln, Running } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { ITEM, itemSite, itemsOf } from "./item-site.ts";

/** Starts a build and waits until it renders pages. */
async function startBuild(site: TemporarySite): Promise<Running> {
  const watcher = watch(site.folder);
  const running = new Running(site.folder, ["build", "--concurrency", "2", "--json"]);
  while (!existsSync(join(site.folder, "rendered.txt"))) await once(watcher, "change");
  watcher.close();
  return running;
}

test("Ctrl-C ends a build with what was done recorded", { timeout: 60_000 }, async () => {
  const site = itemSite(itemsOf(1500));
  const running = await startBuild(site);
  running.kill("SIGINT");
  const { code, seconds, stderr, stdout } = await running.ended;

  expect(code).toBe(130);
  expect(seconds).toBeLessThan(15);
  expect(stderr).toContain("Stopping");
  expect(site.leftovers()).toEqual([]);
  // Two threads finish the pages that they are at: not the batches that they have, nor those that wait for them.
  const done = site.read("rendered.txt").trimEnd().split("\n").length;
  expect(done).toBeLessThan(1500);
  expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, exitCode: 130, written: { new: done }, pages: done });

  const rest = await build(site.folder);
  expect(rest).toMatchObject({ exitCode: 0, wrote: 1501 - done, pages: 1501 });
  // No page was rendered twice.
  expect(site.read("rendered.txt").trimEnd().split("\n")).toHaveLength(1500);
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
});

test("Ctrl-C waits for no more than the pages that are being rendered", { timeout: 60_000 }, async () => {
  const slow = "<% Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100) %>";
  const site = itemSite(itemsOf(2000), `${slow}${ITEM}`);
  const rendered = (): readonly string[] => site.read("rendered.txt").trimEnd().split("\n");
  const running = await startBuild(site);
  running.kill("SIGINT");
  await running.said(/Stopping/);
  const before = rendered().length;
  const { code } = await running.ended;
  expect(code).toBe(130);
  const done = rendered().length;
  // The next page may have been begun while the signal was on its way.
  expect(done - before).toBeLessThanOrEqual(4);

  site.edit("templates/item.eta", slow, "");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, pages: 2001 });
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
});

test("Ctrl-C in the last batch of a build leaves it incomplete", { timeout: 60_000 }, async () => {
  const slow = "<% Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20) %>";
  const site = itemSite(itemsOf(100), `${slow}${ITEM}`);
  const running = await startBuild(site);
  running.kill("SIGINT");
  expect((await running.ended).code).toBe(130);
  const done = site.read("rendered.txt").trimEnd().split("\n").length;
  expect(done).toBeLessThan(100);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 101 - done, pages: 101 });
  expect(site.read("rendered.txt").trimEnd().split("\n")).toHaveLength(100);
});

test("a second Ctrl-C ends a build at once, and the next one finishes it", { timeout: 60_000 }, async () => {
  const slow = "<% Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100) %>";
  const site = itemSite(itemsOf(300), `${slow}${ITEM}`);
  const running = await startBuild(site);
  running.kill("SIGINT");
  await running.said(/Once more/);
  running.kill("SIGINT");
  expect((await running.ended).code).toBe(130);
  expect(site.read("rendered.txt").split("\n").length).toBeLessThan(300);

  site.edit("templates/item.eta", slow, "");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, pages: 301 });
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
});

test("a second build beside a running one is refused with its process id", async () => {
  const site = itemSite(itemsOf(1500));
  const running = await startBuild(site);

  const { code, stdout, stderr } = await rekiln(site.folder, "build");

  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain(`process ${running.pid}`);
  running.kill("SIGKILL");
  await running.ended;
  // The lock ends with its process, however that ends.
  expect((await build(site.folder)).exitCode).toBe(0);
});
