import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { OutageFile } from "../../../src/system/outage-file.ts";
import { memoryFolder } from "../../support/memory-folder.ts";

function folders() {
  const root = memoryFolder();
  return { state: join(root, "state"), directory: join(root, "dist") };
}

test("what is marked while another mark is looked for stays marked", () => {
  const where = folders();
  const marker = new OutageFile(where);
  marker.write({ since: 1, until: 2 });
  marker.take();
  expect(marker.read()).toEqual({ since: 1, until: 2 });
  new OutageFile(where).write({ since: 1, until: 9 });
  marker.clear();
  expect(marker.read()).toEqual({ since: 1, until: 9 });
  marker.take();
  marker.clear();
  expect(marker.read()).toBeUndefined();
  expect(readdirSync(where.state)).toEqual([]);
});

test("what a process took that died is taken by the next one", () => {
  const where = folders();
  mkdirSync(where.state);
  writeFileSync(join(where.state, "outage-99999999.json"), '{"since":3,"until":4}');
  const marker = new OutageFile(where);
  expect(marker.read()).toEqual({ since: 3, until: 4 });
  marker.take();
  marker.clear();
  expect(readdirSync(where.state)).toEqual([]);
});

test("where the state folder can't be written the store's own takes the mark; one that is cut off still counts", () => {
  const where = folders();
  writeFileSync(where.state, "in the way");
  const marker = new OutageFile(where);
  marker.write({ since: 5, until: 6 });
  expect(new OutageFile(where).read()).toEqual({ since: 5, until: 6 });
  writeFileSync(join(where.directory, ".rekiln/outage.json"), '{"since":5,');
  expect(marker.read()).toEqual({ since: 0, until: 0 });
});
