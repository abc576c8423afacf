import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";

import { expect, onTestFinished, test } from "vitest";

import { pageKey } from "../../src/core/page.ts";
import { SqliteManifest } from "../../src/manifest/sqlite-manifest.ts";
import type { CountData } from "./count-in-manifest.ts";
import { manifestContract } from "./manifest-contract.ts";
import { recordOf } from "./manifest-under-test.ts";
import type { ManifestHarness } from "./manifest-under-test.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const COUNT = new URL("./count-in-manifest.ts", import.meta.url.split("?")[0]);

function harnessOf(file: string): ManifestHarness {
  const manifest = new SqliteManifest(file);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) manifest[Symbol.dispose]();
    isOpen = false;
  };
  onTestFinished(close);
  return {
    manifest,
    connect: () => new SqliteManifest(file),
    reopen: () => {
      close();
      return harnessOf(file);
    },
    countElsewhere: async (key, times) => {
      const workerData: CountData = { file, key, times };
      const [code] = await once(new Worker(COUNT, { workerData }), "exit");
      expect(code).toBe(0);
    },
  };
}

manifestContract("sqlite", () => harnessOf(join(temporaryFolder(), "manifest.db")));

test("sqlite: refuses the file of another format, and says what to do", () => {
  const file = join(temporaryFolder(), "manifest.db");
  new SqliteManifest(file)[Symbol.dispose]();
  const database = new DatabaseSync(file);
  database.exec("UPDATE meta SET value = '999' WHERE name = 'format'");
  database.close();
  expect(() => new SqliteManifest(file)).toThrow(
    expect.objectContaining({ code: "manifest-format", hint: expect.any(String) }),
  );
});

test("sqlite: finds its rows by their indexes after a bulk load", () => {
  const file = join(temporaryFolder(), "manifest.db");
  using manifest = new SqliteManifest(file);
  manifest.beginBulk();
  manifest.transact((transaction) => transaction.record(recordOf(pageKey("film", "1", 1)), []));
  manifest.finishBulk();
  const database = new DatabaseSync(file, { readOnly: true });
  onTestFinished(() => database.close());
  const plan = (sql: string): string => JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
  expect(plan("SELECT * FROM page WHERE key = 'x'")).toMatch(/SEARCH page USING INDEX page_key/);
  expect(plan("SELECT path FROM page WHERE place >= 1 AND place < 2 AND path IS NOT NULL ORDER BY path")).toMatch(
    /SEARCH page USING INDEX page_place/,
  );
  expect(plan("SELECT entries FROM block WHERE run = 0 AND last >= 1 ORDER BY run, last, id")).toMatch(
    /^\[[^,]*,[^,]*,[^,]*,"detail":"SEARCH block USING INDEX block_run \(run=\? AND last>\?\)"\}\]$/,
  );
});

test("sqlite: tells what went wrong also where that has ended the transaction already, as a full disk does", () => {
  const file = join(temporaryFolder(), "manifest.db");
  using manifest = new SqliteManifest(file);
  const database = new DatabaseSync(file);
  database.exec("CREATE TRIGGER full BEFORE INSERT ON page BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END");
  database.close();
  const write = (): void =>
    manifest.transact((transaction) => transaction.record(recordOf(pageKey("film", "1", 1)), []));
  expect(write).toThrow("the disk is full");
  expect(write).toThrow("the disk is full");
  expect(manifest.count()).toBe(0);
});
