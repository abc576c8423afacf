import { globSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { loadedAtOnce } from "../support/loaded-at-once.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Packages that take long to load, and that sites in a directory with data on this machine have no use for. */
const ONLY_FOR_SOME = new Set(["undici", "pg", "@aws-sdk/client-s3", "@aws-sdk/client-sqs"]);

const entries = globSync(["src/index.ts", "src/cli/*.ts", "workers/*.ts"], { cwd: ROOT });

test("there are entries to look at, and what they load is found", () => {
  expect(entries.length).toBeGreaterThan(40);
  expect(loadedAtOnce("src/cli/status.ts")).toContain("src/system/open-manifest.ts");
  expect(loadedAtOnce("src/store/s3-object-store.ts")).toContain("undici");
});

test.each(entries)("%s doesn't wait for a package that only some sites need", (entry) => {
  expect([...loadedAtOnce(entry)].filter((name) => ONLY_FOR_SOME.has(name))).toEqual([]);
});
