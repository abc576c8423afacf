import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";

import { openLocalQueue } from "../../src/system/open-queue.ts";
import { build, rekiln, Running } from "../support/cli.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { ITEM, itemSite, itemsOf } from "./item-site.ts";

const depth = z.looseObject({ waiting: z.number(), inFlight: z.number(), dead: z.number() });
const schema = z.object({
  schema: z.literal("rekiln.status.1"),
  at: z.number(),
  queue: z.union([z.object({ live: depth, bulk: depth }), z.object({ error: z.string() })]),
  publisher: z.object({
    state: z.string(),
    spooled: z.number(),
    outage: z.object({ since: z.number(), until: z.number() }).nullable(),
  }),
  pages: z.object({
    published: z.number(),
    stale: z.object({ failed: z.number(), collided: z.number(), withheld: z.number() }),
    due: z.number(),
    oldestSince: z.number().optional(),
  }),
  stale: z.array(z.object({ page: z.string(), error: z.string(), kind: z.string(), since: z.number() })),
  source: z.looseObject({ version: z.number(), complete: z.number().optional(), pending: z.number().optional() }),
  routes: z.array(z.object({ route: z.string(), epoch: z.number().optional(), built: z.number().optional() })),
  deletes: z.object({ withheld: z.number(), inHour: z.number(), cap: z.number() }),
  exitCode: z.number(),
});

/** What `status --json` says; it must end with the exit code that stands there. */
async function status(site: TemporarySite): Promise<z.infer<typeof schema>> {
  const { code, stdout, stderr } = await rekiln(site.folder, "status", "--json");
  if (stdout === "") throw new Error(`status printed nothing and ended with ${code}: ${stderr}`);
  const said = schema.parse(JSON.parse(stdout));
  expect(said.exitCode).toBe(code);
  return said;
}

test("a site that isn't built has no status, and is told what to do", async () => {
  const site = itemSite(itemsOf(1));
  const { code, stdout, stderr } = await rekiln(site.folder, "status");
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain("rekiln build");
});

test("a site that is as it should be", async () => {
  const site = itemSite(itemsOf(3));
  await build(site.folder);
  const { exitCode, pages, stale, source, routes } = await status(site);
  expect({ exitCode, pages, stale }).toEqual({
    exitCode: 0,
    pages: { published: 4, stale: { failed: 0, collided: 0, withheld: 0 }, due: 0 },
    stale: [],
  });
  expect(source).toMatchObject({ complete: source.version, pending: 0 });
  expect(routes).toEqual([
    { route: "item", epoch: 1, built: 1 },
    { route: "home", epoch: 1, built: 1 },
  ]);
  const { stdout } = await rekiln(site.folder, "status");
  expect(stdout).toMatch(/^queue\n {2}live: 0 waiting/);
  expect(stdout).toContain("4 published, 0 failed, 0 due\n");
});

test("pages that fail, collide or wait for their removal, since when, and what a build would find", async () => {
  const site = itemSite(itemsOf(130), `${ITEM}<% if (it.item.bad) { %><%= it.item.absent %><% } %>\n`);
  await build(site.folder);
  const before = Math.floor(Date.now() / 1000);
  const items = itemsOf(20).map((item) => (item.id === "i1" ? { ...item, bad: true } : item));
  site.records("item", [...items, { id: "x", title: "x", slug: "i2" }]);
  await build(site.folder);

  const first = await status(site);
  expect(first).toMatchObject({
    exitCode: 3,
    pages: { published: 131, stale: { failed: 1, collided: 1, withheld: 110 } },
    deletes: { withheld: 110, cap: 100 },
  });
  expect(first.stale).toHaveLength(20);
  expect(first.pages.oldestSince).toBeGreaterThanOrEqual(before);
  expect(first.stale.find(({ page }) => page === "item/i1")).toMatchObject({ kind: "failed" });

  // Tried again, they are as stale as they were; another removal waits longer than that.
  expect((await build(site.folder, "--max-deletes", "110")).exitCode).toBe(1);
  const later = await status(site);
  expect(later).toMatchObject({ exitCode: 1, pages: { stale: { failed: 1, collided: 1, withheld: 0 } } });
  for (const { page, since } of later.stale) {
    expect(since).toBeLessThanOrEqual(first.at / 1000);
    expect(page).toMatch(/^item\/(?:i1|x)$/);
  }
  site.records("item", items.slice(1));
  await rekiln(site.folder, "build", "--dry-run");
  expect((await status(site)).source).toMatchObject({ pending: 2 });
  const { stdout } = await rekiln(site.folder, "status");
  expect(stdout).toMatch(/2 changed since/);
  expect(stdout).toMatch(/item\/i1: templates\/item\.eta:3: .* \(failed for \d+ s\)/);
});

test("how publishing stands: the queue down, changes that wait for it, changes that couldn't even be stored", async () => {
  const site = itemSite(itemsOf(2));
  await build(site.folder);
  for (const file of ["queue-live.db", "queue-live.db-wal", "queue-live.db-shm"])
    rmSync(join(site.folder, ".rekiln", file), { force: true });
  mkdirSync(join(site.folder, ".rekiln/queue-live.db"));
  site.records("item", [...itemsOf(2), { id: "x", title: "x", slug: "x" }]);
  const published = await rekiln(site.folder, "publish", "item:x");
  expect(published.stderr).toContain("1 change waits in the outbox");
  const down = await status(site);
  expect(down).toMatchObject({ exitCode: 3, publisher: { state: "spool", spooled: 1 }, pages: { published: 3 } });
  expect(down.queue).toHaveProperty("error");

  rmSync(join(site.folder, ".rekiln/queue-live.db"), { recursive: true });
  site.write(".rekiln/outage.json", JSON.stringify({ since: 1000, until: 2000 }));
  expect((await status(site)).publisher).toEqual({
    state: "interval",
    spooled: 1,
    outage: { since: 1000, until: 2000 },
  });

  // Long enough ago: the next worker looks for what it was, and sends what waits.
  expect(await rekiln(site.folder, "work", "--until-empty")).toMatchObject({ code: 0 });
  expect((await status(site)).publisher).toEqual({ state: "ok", spooled: 0, outage: null });
  expect(existsSync(join(site.folder, "dist/items/x/index.html"))).toBe(true);
});

test("dead letters are failures", async () => {
  const site = itemSite(itemsOf(1));
  await build(site.folder);
  const queue = openLocalQueue({ state: join(site.folder, ".rekiln") });
  onTestFinished(() => queue[Symbol.dispose]());
  await queue.send("live", [{ body: "{}" }]);
  for (const receipt of await queue.receive("live", { max: 1, visibilitySeconds: 30 }))
    await queue.discard(receipt, "no");
  expect(await status(site)).toMatchObject({ exitCode: 1, queue: { live: { dead: 1 } } });
});

test("--watch says it again and again until Ctrl-C, which isn't a failure", async () => {
  const site = itemSite(itemsOf(2));
  await build(site.folder);
  const running = new Running(site.folder, ["status", "--watch"]);
  await running.said(/^\S+Z; live: 0 waiting.*; 3 published.*\n/m);
  const queue = openLocalQueue({ state: join(site.folder, ".rekiln") });
  onTestFinished(() => queue[Symbol.dispose]());
  await queue.send("live", [{ body: "{}" }]);
  await running.said(/live: 1 waiting/);
  running.kill("SIGINT");
  expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
  expect((await rekiln(site.folder, "status", "--watch", "--json")).code).toBe(2);
});
