import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { expect, onTestFinished, test } from "vitest";

import type { Received, Sleep } from "../../src/queue/queue.ts";
import { SqliteQueue } from "../../src/queue/sqlite-queue.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { tethered } from "../support/tethered.ts";

const WORK = fileURLToPath(new URL("./queue-process-work.ts", import.meta.url));
const HOUR_MS = 3_600_000;
const TEST_MS = 120_000;
const sleep: Sleep = (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined);

/** A process at work on a queue, and the bodies that it has printed. */
class AtWork {
  readonly bodies: string[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;

  constructor(...parameters: readonly string[]) {
    this.#child = spawn(...tethered(process.execPath, [WORK, ...parameters]), { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = once(this.#child, "close");
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    onTestFinished(() => void this.#child.kill("SIGKILL"));
  }

  /** Reads the next line. @returns whether there was one */
  async next(): Promise<boolean> {
    const line = await this.#lines.next();
    // It prints nothing else; a line that was cut off by a kill isn't JSON.
    if (line.done !== true && line.value.endsWith("]")) this.bodies.push(...(JSON.parse(line.value) as string[]));
    return line.done !== true;
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** Reads all that is to come. @returns the exit code */
  async end(): Promise<number | null> {
    while (await this.next());
    await this.#exited;
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.end();
  }
}

/** The queue, as it is so much later. */
function openLater(folder: string, laterMs = 0): SqliteQueue {
  const queue = new SqliteQueue(folder, { clock: () => Date.now() + laterMs, sleep });
  onTestFinished(() => queue[Symbol.dispose]());
  return queue;
}

async function receiveAll(queue: SqliteQueue): Promise<readonly Received[]> {
  const all: Received[] = [];
  for (let batch: readonly Received[] | undefined; batch?.length !== 0; all.push(...batch))
    batch = await queue.receive("live", { max: 500, visibilitySeconds: 3600 });
  return all;
}

test(
  "sqlite: several processes that open a new queue at once, send and drain lose no message and hold none twice",
  async () => {
    const folder = join(temporaryFolder(), "new");
    const drainers = [1, 2, 3].map(() => new AtWork("drain", folder));
    const draining = drainers.map((drainer) => drainer.end());
    const senders = ["a", "b", "c"].map((prefix) => new AtWork("send", folder, prefix, "1000", "13"));
    expect(await Promise.all(senders.map((sender) => sender.end()))).toEqual([0, 0, 0]);
    for (const drainer of drainers) drainer.endInput();
    expect(await Promise.all(draining)).toEqual([0, 0, 0]);
    const sent = senders.flatMap(({ bodies }) => bodies);
    const drained = drainers.flatMap(({ bodies }) => bodies);
    expect(sent).toHaveLength(3000);
    expect(drained.toSorted()).toEqual(sent.toSorted());
    expect((await openLater(folder).depth()).live).toMatchObject({ waiting: 0, inFlight: 0, dead: 0 });
  },
  TEST_MS,
);

test(
  "sqlite: what a killed process held comes again after its visibility timeout, and not before",
  async () => {
    const folder = temporaryFolder();
    const queue = openLater(folder);
    await queue.send("live", [{ body: "a" }, { body: "b" }]);
    const holder = new AtWork("hold", folder);
    await holder.next();
    expect(holder.bodies).toEqual(["a", "b"]);
    await holder.kill();
    expect(await receiveAll(queue)).toEqual([]);
    expect((await queue.depth()).live.inFlight).toBe(2);
    const later = await receiveAll(openLater(folder, HOUR_MS));
    expect(later).toMatchObject([
      { body: "a", receives: 2 },
      { body: "b", receives: 2 },
    ]);
  },
  TEST_MS,
);

test(
  "sqlite: what a process was told is sent is there after it was killed while it sent",
  async () => {
    const folder = temporaryFolder();
    const told: string[] = [];
    for (let kill = 0; kill < 6; kill++) {
      const sender = new AtWork("send", folder, `${kill}-`, "100000", String(1 + kill * 20));
      for (let line = 0; line < 3 + kill; line++) await sender.next();
      await sender.kill();
      told.push(...sender.bodies);
    }
    const found = (await receiveAll(openLater(folder))).map(({ body }) => body);
    expect(new Set(found).size).toBe(found.length);
    expect(told.length).toBeGreaterThan(500);
    expect(new Set(told).difference(new Set(found))).toEqual(new Set());
  },
  TEST_MS,
);

test(
  "sqlite: killed while they drain, processes lose nothing: each message was handed out, or comes again",
  async () => {
    const folder = temporaryFolder();
    const queue = openLater(folder);
    const sent = Array.from({ length: 2000 }, (_, n) => String(n));
    await queue.send(
      "live",
      sent.map((body) => ({ body })),
    );
    const handedOut: string[] = [];
    for (let kill = 0; kill < 4; kill++) {
      const drainers = [new AtWork("drain", folder), new AtWork("drain", folder)];
      for (let line = 0; line < 2 + kill; line++) await Promise.all(drainers.map((drainer) => drainer.next()));
      await Promise.all(drainers.map((drainer) => drainer.kill()));
      handedOut.push(...drainers.flatMap(({ bodies }) => bodies));
    }
    expect(new Set(handedOut).size).toBe(handedOut.length);
    const later = (await receiveAll(openLater(folder, HOUR_MS))).map(({ body }) => body);
    expect(new Set(later).size).toBe(later.length);
    // What a killed process had received and not yet printed comes again, or had been printed and acked.
    expect(new Set([...handedOut, ...later])).toEqual(new Set(sent));
  },
  TEST_MS,
);
