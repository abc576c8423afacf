import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";

import { describe, expect, onTestFinished, test } from "vitest";

import type { Queue, Received } from "../../src/queue/queue.ts";
import { SqliteQueue } from "../../src/queue/sqlite-queue.ts";
import { queueContract } from "./queue-contract.ts";
import type { OpenData } from "./queue-open-thread.ts";
import { VirtualTime } from "./queue-virtual-time.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const time = new VirtualTime();

function openQueue(folder: string): Queue {
  const queue = new SqliteQueue(folder, time);
  onTestFinished(() => queue[Symbol.dispose]());
  return queue;
}

function openLane(folder: string, lane = "live"): DatabaseSync {
  const database = new DatabaseSync(join(folder, `queue-${lane}.db`));
  onTestFinished(() => database.close());
  return database;
}

queueContract("sqlite", (settings) => {
  const folder = temporaryFolder();
  return { queue: new SqliteQueue(folder, settings), connect: () => new SqliteQueue(folder, settings) };
});

describe("sqlite: the file of a lane", () => {
  test("of another format is refused, with what to do", () => {
    const folder = temporaryFolder();
    openQueue(folder);
    openLane(folder, "bulk").exec("UPDATE meta SET value = '999' WHERE name = 'format'");
    expect(() => openQueue(folder)).toThrow(
      expect.objectContaining({ code: "queue-format", disposition: "fatal", hint: expect.any(String) }),
    );
  });

  test("that is no database is refused", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "queue-live.db"), "somebody else's file".repeat(100));
    expect(() => openQueue(folder)).toThrow(expect.objectContaining({ code: "queue-damaged", disposition: "fatal" }));
  });

  test("is made in a folder that isn't there yet; where it can't be, that is said", () => {
    const folder = temporaryFolder();
    openQueue(join(folder, "a", "b"));
    writeFileSync(join(folder, "file"), "");
    const error = expect.objectContaining({ code: "queue-unusable" });
    expect(() => openQueue(join(folder, "file", "b"))).toThrow(error);
  });

  test("can be made by several at once", async () => {
    const workerData: OpenData = { folder: temporaryFolder(), turn: new Int32Array(new SharedArrayBuffer(4)) };
    const threads = [1, 2, 3, 4].map(
      () => new Worker(new URL("./queue-open-thread.ts", import.meta.url), { workerData }),
    );
    onTestFinished(() => Promise.all(threads.map((thread) => thread.terminate())).then(() => undefined));
    const answers = () => Promise.all(threads.map(async (thread): Promise<unknown[]> => once(thread, "message")));
    await answers();
    for (let round = 1; round <= 40; round++) {
      const opened = answers();
      Atomics.store(workerData.turn, 0, round);
      Atomics.notify(workerData.turn, 0);
      expect((await opened).flat()).toEqual(["opened", "opened", "opened", "opened"]);
    }
  });

  test("keeps everything when it is closed and opened again", async () => {
    const folder = temporaryFolder();
    const before = openQueue(folder);
    await before.send("live", [{ body: "a" }, { body: "b" }, { body: "c", delaySeconds: 60 }, { body: "d" }]);
    const [a, b] = await before.receive("live", { max: 2, visibilitySeconds: 30 });
    if (a === undefined || b === undefined) throw new Error("nothing to receive");
    await before.discard(b, "no");
    const depth = await before.depth();
    before[Symbol.dispose]();
    const after = openQueue(folder);
    expect(await after.depth()).toEqual(depth);
    expect(await after.ack([a, b])).toEqual([{ kind: "done" }, { kind: "stale" }]);
    expect(await after.receive("live", { max: 9, visibilitySeconds: 30 })).toMatchObject([{ body: "d" }]);
  });

  test("has its messages found by indexes", () => {
    const folder = temporaryFolder();
    openQueue(folder);
    const database = openLane(folder);
    const plan = (sql: string): string => JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
    const ready = plan("SELECT * FROM message WHERE position IS NOT NULL ORDER BY position LIMIT 9");
    expect(ready).toMatch(/USING INDEX message_ready/);
    expect(ready).not.toMatch(/TEMP B-TREE/);
    const due = plan("SELECT id FROM message WHERE due <= 9 ORDER BY due, id LIMIT 9");
    expect(due).toMatch(/USING COVERING INDEX message_due/);
  });
});

describe("sqlite: a batch that can't be stored as a whole", () => {
  /** Has the disk full once a message comes whose body is `full`. */
  function fillDisk(folder: string, event: "INSERT" | "DELETE"): void {
    const row = event === "INSERT" ? "new" : "old";
    const fail = "SELECT RAISE(ROLLBACK, 'the disk is full')";
    openLane(folder).exec(
      `CREATE TRIGGER full BEFORE ${event} ON message WHEN ${row}.body = 'full' BEGIN ${fail}; END`,
    );
  }
  const bodies = Array.from({ length: 1200 }, (_, n) => ({ body: n === 600 ? "full" : String(n) }));

  test("tells which messages were sent, and the others are not there", async () => {
    const folder = temporaryFolder();
    const queue = openQueue(folder);
    fillDisk(folder, "INSERT");
    const sending = queue.send("live", bodies);
    await time.pass(10);
    const results = await sending;
    expect(results).toHaveLength(1200);
    const sent = results.filter(({ kind }) => kind === "sent");
    expect(sent.length).toBeLessThan(600);
    expect((await queue.depth()).live.waiting).toBe(sent.length);
    const failed = results.find((result) => result.kind === "failed");
    expect(failed?.error).toMatchObject({ name: "RekilnError", message: expect.stringMatching("the disk is full") });
    expect(await queue.send("live", [{ body: "after" }])).toMatchObject([{ kind: "sent" }]);
  });

  test("tells which were acked", async () => {
    const folder = temporaryFolder();
    const queue = openQueue(folder);
    const sending = queue.send("live", bodies);
    await time.pass(10);
    await sending;
    fillDisk(folder, "DELETE");
    const received: Received[] = [];
    for (let batch: readonly Received[] | undefined; batch?.length !== 0; received.push(...batch))
      batch = await queue.receive("live", { max: 500, visibilitySeconds: 30 });
    const acking = queue.ack(received);
    await time.pass(10);
    const kinds = (await acking).map(({ kind }) => kind);
    expect(new Set(kinds.slice(0, 500))).toEqual(new Set(["done"]));
    expect(new Set(kinds.slice(500))).toEqual(new Set(["failed"]));
    expect((await queue.depth()).live.inFlight).toBe(700);
  });
});

describe("sqlite: while somebody else writes", () => {
  test("to one lane, the other one is free", async () => {
    const folder = temporaryFolder();
    const queue = openQueue(folder);
    openLane(folder, "bulk").exec("BEGIN IMMEDIATE");
    const started = performance.now();
    expect(await queue.send("live", [{ body: "x" }])).toMatchObject([{ kind: "sent" }]);
    const received = await queue.receive("live", { max: 1, visibilitySeconds: 30 });
    expect(await queue.ack(received)).toEqual([{ kind: "done" }]);
    expect((await queue.depth()).bulk.waiting).toBe(0);
    expect(await queue.receive("bulk", { max: 1, visibilitySeconds: 30, waitMs: 0 })).toEqual([]);
    // Far less than it waits for a busy file.
    expect(performance.now() - started).toBeLessThan(4000);
  });

  test("to the same one, it waits for seconds, then says so, and nothing is lost", async () => {
    const folder = temporaryFolder();
    const queue = openQueue(folder);
    await queue.send("live", [{ body: "x" }]);
    const other = openLane(folder);
    other.exec("BEGIN IMMEDIATE");
    const busy = expect.objectContaining({ code: "queue-busy", disposition: "retry", hint: expect.any(String) });
    expect(await queue.send("live", [{ body: "y" }, { body: "z" }])).toEqual([
      { kind: "failed", error: busy },
      { kind: "failed", error: busy },
    ]);
    other.exec("ROLLBACK");
    expect(await queue.receive("live", { max: 9, visibilitySeconds: 30 })).toMatchObject([{ body: "x" }]);
  });
});
