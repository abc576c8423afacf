import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { expect, test } from "vitest";

import type { ObjectKey } from "../../src/core/path.ts";
import { DirectoryPageStore } from "../../src/store/directory.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const KEY = "films/alien/index.html" as ObjectKey;
const page = (version: number): Buffer => Buffer.from(`<p>${version}</p>${" words".repeat(300)}`);

function openStore(compress: readonly ("br" | "gzip")[] = ["br", "gzip"]) {
  const root = temporaryFolder();
  const store = new DirectoryPageStore(root, "test", compress);
  const read = (end: string, key: string = KEY): Buffer => readFileSync(join(root, `${key}${end}`));
  const has = (end: string, key: string = KEY): boolean => existsSync(join(root, `${key}${end}`));
  return { root, store, read, has };
}

test("a file that is created or replaced has twins of its very bytes, no older than it is", () => {
  const { root, store, read } = openStore();
  store.create(KEY, page(1));
  expect(gunzipSync(read(".gz"))).toEqual(page(1));
  const staged = store.stage(KEY, page(2));
  store.replace(staged);
  store.discard(staged);
  expect(read("")).toEqual(page(2));
  expect(gunzipSync(read(".gz"))).toEqual(page(2));
  expect(brotliDecompressSync(read(".br"))).toEqual(page(2));
  const mtime = (end: string): bigint => statSync(join(root, `${KEY}${end}`), { bigint: true }).mtimeNs;
  expect(mtime(".gz")).toBeGreaterThanOrEqual(mtime(""));
  expect(readdirSync(join(root, ".rekiln", "tmp"))).toEqual([]);
});

test("small files, pictures and what doesn't get smaller have none, and lose the ones that they had", () => {
  const { store, has } = openStore();
  store.create("a.png" as ObjectKey, page(1));
  expect(has(".gz", "a.png")).toBe(false);
  store.create(KEY, page(1));
  store.replace(store.stage(KEY, Buffer.from("small")));
  expect([has(""), has(".br"), has(".gz")]).toEqual([true, false, false]);
});

test("a file that goes takes its twins with it, and its folder", () => {
  const { root, store } = openStore();
  store.create(KEY, page(1));
  store.remove(KEY);
  expect(existsSync(join(root, "films"))).toBe(false);
  const staged = store.stage(KEY, page(2));
  store.discard(staged);
  expect(readdirSync(join(root, ".rekiln", "tmp"))).toEqual([]);
});

test("a file in pieces has twins too", () => {
  const { store, read } = openStore(["gzip"]);
  const pieces = [page(1), page(2)];
  store.replace(store.stagePieces("big.css" as ObjectKey, pieces));
  expect(gunzipSync(read(".gz", "big.css"))).toEqual(Buffer.concat(pieces));
});

test("a replacement that can't be made leaves no twin of what stays", () => {
  const { root, store, has } = openStore();
  store.create(KEY, page(1));
  const staged = store.stage(KEY, page(2));
  // As if the process had died between removing the twins and the rename.
  rmSync(join(root, KEY));
  mkdirSync(join(root, KEY, "in the way"), { recursive: true });
  expect(() => store.replace(staged)).toThrow(/in the way/);
  expect([has(".br"), has(".gz")]).toEqual([false, false]);
});

test("whoever reads a page and then its twin never sees an older twin, while it is replaced", async () => {
  const { root, store } = openStore(["gzip"]);
  store.create(KEY, page(0));
  const code = `
    const { readFileSync } = require("node:fs");
    const { gunzipSync } = require("node:zlib");
    const { parentPort, workerData: file } = require("node:worker_threads");
    const version = (bytes) => Number(/<p>(\\d+)/.exec(bytes.toString())[1]);
    let reads = 0, stale = 0, twins = 0, last = 0;
    parentPort.postMessage("ready");
    while (last < 400) {
      const before = version(readFileSync(file));
      reads++;
      let twin;
      try { twin = gunzipSync(readFileSync(file + ".gz")); } catch (error) { if (error.code !== "ENOENT") throw error; }
      if (twin !== undefined) { twins++; if (version(twin) < before) stale++; }
      last = before;
    }
    parentPort.postMessage({ reads, stale, twins });`;
  const worker = new Worker(code, { eval: true, workerData: join(root, KEY) });
  const messages: unknown[] = [];
  const done = new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (message) => {
      messages.push(message);
      if (message === "ready") for (let n = 1; n <= 400; n++) store.replace(store.stage(KEY, page(n)));
    });
    worker.on("exit", resolve);
  });
  await done;
  expect(messages[1]).toMatchObject({ stale: 0 });
});

test("files that lack their twins are found, and given them; one that somebody else wrote later lacks them too", () => {
  const { root, store, read } = openStore([]);
  store.create(KEY, page(1));
  const later = new DirectoryPageStore(root, "later", ["gzip"]);
  expect([...later.lackingTwins()]).toEqual([KEY]);
  later.makeTwins(KEY);
  expect([...later.lackingTwins()]).toEqual([]);
  writeFileSync(join(root, KEY), page(2));
  const soon = new Date(Date.now() + 5000);
  utimesSync(join(root, KEY), soon, soon);
  expect([...later.lackingTwins()]).toEqual([KEY]);
  expect(gunzipSync(read(".gz"))).toEqual(page(1));
  later.dropTwins(["gzip"]);
  expect(existsSync(join(root, `${KEY}.gz`))).toBe(false);
});
