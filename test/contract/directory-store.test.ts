import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Worker } from "node:worker_threads";

import { describe, expect, onTestFinished, test } from "vitest";

import { RekilnError } from "../../src/core/errors.ts";
import type { ObjectKey } from "../../src/core/path.ts";
import { DirectoryPageStore } from "../../src/store/directory.ts";
import type { PollData } from "./poll-file.ts";
import { storeContract } from "./store-contract.ts";
import type { Poll, StoreHarness } from "./store-harness.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const POLL = new URL("./poll-file.ts", import.meta.url.split("?")[0]);
/** Of the store itself: they stay. */
const OWN = new Set([".rekiln/", ".rekiln/tmp/", ".rekiln/site.json"]);

/** Files below a folder and, with `/` behind, folders that hold nothing. */
function everythingIn(root: string): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) found.push(relative(root, path));
    else if (readdirSync(path).length === 0) found.push(`${relative(root, path)}/`);
  }
  return found.filter((name) => !OWN.has(name)).toSorted();
}

async function pollFile(file: string): Promise<Poll> {
  const counts = new SharedArrayBuffer(16);
  const places = new Int32Array(counts);
  const workerData: PollData = { file, counts };
  const worker = new Worker(POLL, { workerData });
  const ended = once(worker, "exit");
  onTestFinished(() => {
    Atomics.store(places, 3, 1);
  });
  await once(worker, "message");
  return {
    reads: () => Atomics.load(places, 0),
    stop: async () => {
      Atomics.store(places, 3, 1);
      await ended;
      const [reads = 0, torn = 0, missing = 0] = places;
      return { reads, torn, missing };
    },
  };
}

function harnessIn(root: string): StoreHarness {
  return {
    store: new DirectoryPageStore(root, "test"),
    connect: (writer) => new DirectoryPageStore(root, writer),
    putForeign: (key, content) => {
      mkdirSync(dirname(join(root, key)), { recursive: true });
      writeFileSync(join(root, key), content);
    },
    everything: () => everythingIn(root),
    poll: async (key) => pollFile(join(root, key)),
  };
}

storeContract("directory", () => harnessIn(join(temporaryFolder(), "dist")));

describe("directory", () => {
  const page = "films/alien/index.html" as ObjectKey;
  const bytes = (text: string): Uint8Array => Buffer.from(text);

  test("writes files that a web server may read, and a state folder that it may not", () => {
    const root = join(temporaryFolder(), "dist");
    const store = new DirectoryPageStore(root, "test");
    store.create(page, bytes("x"));
    store.replace(store.stage("feed.xml" as ObjectKey, bytes("x")));
    const mode = (name: string): number => statSync(join(root, name)).mode & 0o007;
    expect(mode(page)).toBe(0o004);
    expect(mode("feed.xml")).toBe(0o004);
    expect(mode("films/alien")).toBe(0o005);
    expect(mode(".")).toBe(0o005);
    expect(mode(".rekiln")).toBe(0);
  });

  test("stages on the file system of its pages, so that replacing is a rename", () => {
    const root = join(temporaryFolder(), "dist");
    const store = new DirectoryPageStore(root, "test");
    const staged = store.stage(page, bytes("x"));
    expect(statSync(staged.temporary).dev).toBe(statSync(root).dev);
    const { ino } = statSync(staged.temporary);
    store.replace(staged);
    expect(statSync(join(root, page)).ino).toBe(ino);
  });

  test.runIf(process.platform === "linux")("holds no file open once what it staged is discarded", () => {
    const store = new DirectoryPageStore(join(temporaryFolder(), "dist"), "test");
    const open = (): number => readdirSync("/proc/self/fd").length;
    store.create(page, bytes("old"));
    const before = open();
    const placed = [1, 2, 3].map((n) => store.stage(page, bytes(`new ${n}`)));
    expect(open()).toBe(before + placed.length);
    for (const staged of placed.slice(1)) store.replace(staged);
    for (const staged of placed) store.discard(staged);
    expect(open()).toBe(before);
  });

  test.each(["relative", "relative with a dot", "with a slash at its end"])("may be given %s", (how) => {
    const folder = join(temporaryFolder(), "dist");
    const relativeFolder = relative(process.cwd(), folder);
    const roots = new Map([
      ["relative", relativeFolder],
      ["relative with a dot", `./${relativeFolder}`],
      ["with a slash at its end", `${folder}/`],
    ]);
    const store = new DirectoryPageStore(roots.get(how) ?? "", "test");
    const key = "a/index.html" as ObjectKey;
    store.create(key, bytes("x"));
    expect(readFileSync(join(folder, key), "utf8")).toBe("x");
    store.remove(key);
    expect(everythingIn(folder)).toEqual([]);
  });
  test.each([
    ["is a file", "store-blocked", "discard"],
    ["lies below a file", "store-blocked", "discard"],
    ["can't be written", "store-forbidden", "fatal"],
  ])("that %s is an error that names it, and says what to do", (how, code, disposition) => {
    const file = join(temporaryFolder(), "dist");
    writeFileSync(file, "by hand");
    const roots = new Map([
      ["is a file", file],
      ["lies below a file", join(file, "deep", "er")],
      // Nobody makes folders there, not even root.
      ["can't be written", process.platform === "darwin" ? "/System/rekiln-test" : "/sys/rekiln-test"],
    ]);
    const root = roots.get(how) ?? "";
    const open = (): DirectoryPageStore => new DirectoryPageStore(root, "test");
    expect(open).toThrow(RekilnError);
    expect(open).toThrow(expect.objectContaining({ code, disposition, hint: expect.any(String) }));
    expect(open).toThrow(root);
    expect(readFileSync(file, "utf8")).toBe("by hand");
  });
});
