import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import type { Lane, Queue } from "../../src/queue/queue.ts";
import { openLocalQueue } from "../../src/system/open-queue.ts";
import { rekiln } from "../support/cli.ts";
import { itemSite, itemsOf } from "./item-site.ts";

/** A site with a queue, both open. */
function siteWithQueue() {
  const site = itemSite(itemsOf(2));
  const queue = openLocalQueue({ state: join(site.folder, ".rekiln") });
  onTestFinished(() => queue[Symbol.dispose]());
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout, stderr } = await rekiln(site.folder, "queue", ...args, "--json");
    if (stdout === "") throw new Error(`it printed nothing: ${stderr}`);
    return JSON.parse(stdout);
  };
  return { site, queue, json, run: (...args: readonly string[]) => rekiln(site.folder, "queue", ...args) };
}

const send = (queue: Queue, lane: Lane, ...bodies: readonly object[]) =>
  queue.send(
    lane,
    bodies.map((body) => ({ body: JSON.stringify(body) })),
  );

/** Sends messages, and gives them up. */
async function bury(queue: Queue, lane: Lane, reason: string, ...bodies: readonly object[]): Promise<void> {
  await send(queue, lane, ...bodies);
  const received = await queue.receive(lane, { max: bodies.length, visibilitySeconds: 30 });
  for (const receipt of received) await queue.discard(receipt, reason);
}

test("list says what each lane holds", async () => {
  const { queue, json, run } = siteWithQueue();
  const { code, stdout } = await run("list");
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: "live: 0 waiting, 0 in flight, 0 dead\nbulk: 0 waiting, 0 in flight, 0 dead\n",
  });
  await send(queue, "live", { n: 1 }, { n: 2 });
  await queue.receive("live", { max: 1, visibilitySeconds: 30 });
  expect((await run("list", "--lane", "live")).stdout).toMatch(
    /^live: 1 waiting, 1 in flight, 0 dead, oldest \d+ s\n$/,
  );
  expect(await json("list")).toEqual({
    schema: "rekiln.queue-list.1",
    lanes: {
      live: { waiting: 1, delayed: 0, inFlight: 1, dead: 0, oldestAgeSeconds: expect.any(Number) },
      bulk: { waiting: 0, delayed: 0, inFlight: 0, dead: 0 },
    },
  });
  expect((await run("list", "--lane", "other")).code).toBe(2);
});

test("list --dead says of each letter why, how often and how old; what is behind the limit comes next", async () => {
  const { queue, json, run } = siteWithQueue();
  await bury(queue, "bulk", "film/1 failed\u001B[31m", { page: "film/1" }, { page: "film/2" });
  const { code, stdout } = await run("list", "--dead", "--limit", "1");
  expect(code).toBe(0);
  expect(stdout.split("\n").slice(0, 5)).toEqual([
    "live: 0 dead",
    "bulk: 2 dead",
    expect.stringMatching(/^ {2}\d+ {2}film\/1 failed\P{Cc}\[31m$/u),
    expect.stringMatching(/^ {6}received once, sent \d+ s ago, dead for \d+ s: \{"page":"film\/1"\}$/),
    expect.stringMatching(/--lane bulk --after \d+$/),
  ]);
  const after = /--after (\d+)/.exec(stdout)?.[1] ?? "";
  expect(await json("list", "--dead", "--lane", "bulk", "--after", after)).toEqual({
    schema: "rekiln.queue-dead.1",
    lanes: {
      bulk: {
        dead: 2,
        letters: [
          {
            id: expect.any(String),
            reason: expect.stringContaining("film/1 failed"),
            receives: 1,
            sentAt: expect.any(Number),
            deadAt: expect.any(Number),
            ageSeconds: expect.any(Number),
            body: { page: "film/2" },
          },
        ],
      },
    },
  });
  expect((await run("list", "--dead", "--after", after)).code).toBe(2);
});

test("peek shows what comes next, and receives nothing", async () => {
  const { queue, json, run } = siteWithQueue();
  await send(queue, "live", { n: 1 }, { n: 2 });
  expect((await run("peek", "--limit", "1")).stdout).toMatch(
    /^live: the next 1\n {2}\d+ {2}sent \d+ s ago: \{"n":1\}\nbulk: nothing to receive\n$/,
  );
  expect(await json("peek", "--lane", "live")).toEqual({
    schema: "rekiln.queue-peek.1",
    lanes: {
      live: [1, 2].map((n) => ({ id: expect.any(String), receives: 0, sentAt: expect.any(Number), body: { n } })),
    },
  });
  expect((await queue.depth()).live).toMatchObject({ waiting: 2, inFlight: 0 });
});

test("redrive sends dead letters once more: those that are named, or all", async () => {
  const { queue, json, run } = siteWithQueue();
  await bury(queue, "live", "no", { n: 1 }, { n: 2 }, { n: 3 });
  await bury(queue, "bulk", "no", { n: 4 });
  const [first] = await queue.deadLetters("live", { limit: 1 });
  const id = first?.id ?? "";

  for (const args of [[], [id], ["--all", id]]) expect((await run("redrive", ...args)).code, args.join(" ")).toBe(2);
  const some = await run("redrive", "--lane", "live", id, "999");
  expect({ code: some.code, stdout: some.stdout }).toEqual({ code: 1, stdout: "live: 1 sent once more\n" });
  expect(some.stderr).toBe("1 of them aren't dead letters of live.\n");
  expect((await queue.depth()).live).toMatchObject({ waiting: 1, dead: 2 });

  expect(await json("redrive", "--all")).toEqual({
    schema: "rekiln.queue-redrive.1",
    redriven: { live: 2, bulk: 1 },
    missing: 0,
    exitCode: 0,
  });
  const { live, bulk } = await queue.depth();
  expect([live.waiting, live.dead, bulk.waiting, bulk.dead]).toEqual([3, 0, 1, 0]);
});

test("purge deletes nothing unless it is told to, and then what it is told", async () => {
  const { queue, json, run } = siteWithQueue();
  await bury(queue, "live", "no", { n: 1 });
  await send(queue, "live", { n: 2 });
  await send(queue, "bulk", { n: 3 });

  const refused = await run("purge");
  expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 3, stdout: "" });
  expect(refused.stderr).toMatch(/Nothing was deleted: 1 message of live and 1 message of bulk[^]*--yes/);
  expect((await queue.depth()).live).toMatchObject({ waiting: 1, dead: 1 });

  const dead = await run("purge", "--lane", "live", "--dead", "--yes");
  expect({ code: dead.code, stdout: dead.stdout }).toEqual({ code: 0, stdout: "deleted 1 dead letter of live\n" });
  expect((await queue.depth()).live).toMatchObject({ waiting: 1, dead: 0 });

  expect(await json("purge", "--yes")).toEqual({
    schema: "rekiln.queue-purge.1",
    what: "messages",
    deleted: { live: 1, bulk: 1 },
  });
  const { live, bulk } = await queue.depth();
  expect([live.waiting, bulk.waiting]).toEqual([0, 0]);
});
