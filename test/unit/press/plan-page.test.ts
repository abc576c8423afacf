import { rmSync } from "node:fs";

import { beforeEach, describe, expect, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import type { Stamp } from "../../../src/core/stamp.ts";
import type { Rendered } from "../../../src/press/render-page.ts";
import { claimsOf, film, NOW, PlanBench, STAMP } from "./plan-bench.ts";

const NEWER = { do: "nothing", outcome: { kind: "newer", key: film("1") } };
const bench = new PlanBench();
const { given, put, putPage, publish, plan } = bench;

describe("a page with a path of its own", () => {
  beforeEach(() => given({ id: "1", path: "/films/alien/" }));
  const path = "/films/alien/";

  test("is written as new where nothing is stored", () => {
    expect(plan(film("1"))).toEqual({ do: "write", reason: "new", evicts: [], left: [], again: [] });
  });

  test("is written as changed where its old bytes stand", () => {
    publish(film("1"), { path });
    expect(plan(film("1"))).toEqual({ do: "write", reason: "changed", evicts: [], left: [], again: [] });
  });

  test("isn't made from data older than the floor where no row knows of it; one that is known is", () => {
    bench.manifest.transact(() => bench.manifest.setMeta("floor", String(STAMP.version + 1)));
    expect(plan(film("1"))).toEqual(NEWER);
    expect(plan(film("1"), "new", {}, { ...STAMP, version: STAMP.version + 1 })).toMatchObject({ do: "write" });
    publish(film("1"), { path, stamp: { ...STAMP, version: 4 } });
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "changed" });
  });

  test("is verified where the very bytes stand", () => {
    publish(film("1"), { path, stamp: { ...STAMP, version: 4 } });
    expect(plan(film("1"), "old")).toMatchObject({ do: "verify", row: { key: film("1") } });
  });

  test("is adopted where the very bytes stand and the manifest knows nothing", () => {
    putPage(film("1"), { path, stamp: { ...STAMP, version: 4 } });
    expect(plan(film("1"), "old")).toMatchObject({
      do: "adopt",
      stored: { digest: digestOf("old"), carried: { stamp: { version: 4 } } },
      left: [],
      again: [],
    });
  });

  test("is adopted where somebody wrote the very bytes anew", () => {
    publish(film("1"), { path });
    rmSync(bench.fileOf(path));
    putPage(film("1"), { path, content: "new" });
    expect(plan(film("1"), "new")).toMatchObject({ do: "adopt" });
  });

  test("is written as new over other bytes of its own that the manifest doesn't know", () => {
    putPage(film("1"), { path });
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "new" });
  });

  test("is written as missing where its file is gone", () => {
    publish(film("1"), { path });
    rmSync(bench.fileOf(path));
    expect(plan(film("1"), "old")).toMatchObject({ do: "write", reason: "missing" });
  });

  test("is written as altered where somebody changed its file", () => {
    publish(film("1"), { path });
    rmSync(bench.fileOf(path));
    putPage(film("1"), { path, content: "defaced" });
    expect(plan(film("1"), "old")).toMatchObject({ do: "write", reason: "altered" });
  });

  test("is written over the page of another that is gone", () => {
    putPage(film("9"), { path });
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "new", again: [] });
  });
});

describe("a file that rekiln didn't write", () => {
  beforeEach(() => given({ id: "1", path: "/films/alien/" }));
  const path = "/films/alien/";

  test("is left alone: the page fails and says what to do", () => {
    put(path, "<p>by hand</p>");
    const planned = plan(film("1"));
    expect(planned).toMatchObject({ do: "fail" });
    expect(planned.do === "fail" && planned.error).toMatch(/^film\/1: films\/alien\/index\.html .*--force/);
  });

  test("is replaced when that was asked for", () => {
    put(path, "<p>by hand</p>");
    expect(plan(film("1"), "new", { replacesForeign: true })).toMatchObject({ do: "write", reason: "new" });
  });

  test("is a torn page of ours in a first build, and replaced", () => {
    put(path, "<p>half a pa");
    expect(plan(film("1"), "new", { isFirstBuild: true })).toMatchObject({ do: "write", reason: "new" });
  });

  test("is our page, torn or edited, where a row says that it stands there", () => {
    publish(film("1"), { path });
    put(path, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "altered" });
  });
});

describe("a page that is stored", () => {
  beforeEach(() => given({ id: "1", path: "/films/alien/" }));
  const path = "/films/alien/";
  const soon = NOW + 60;

  test.each<[string, Stamp]>([
    ["from newer data", { ...STAMP, version: 11 }],
    ["from newer templates", { ...STAMP, epoch: 4 }],
  ])("%s is not replaced, whether the manifest knows it or not", (_, stamp) => {
    putPage(film("1"), { path, stamp });
    expect(plan(film("1"))).toEqual(NEWER);
    publish(film("1"), { path, stamp });
    expect(plan(film("1"))).toEqual(NEWER);
  });

  test("from newer data and older templates is not replaced, but pressed again where the manifest knows it", () => {
    const stamp = { epoch: 2, version: 11, time: 0 };
    putPage(film("1"), { path, stamp });
    expect(plan(film("1"))).toEqual(NEWER);
    publish(film("1"), { path, stamp });
    expect(plan(film("1"))).toEqual({ do: "retry" });
  });

  test("as verified at a newer version is not replaced", () => {
    publish(film("1"), { path });
    const row = bench.manifest.page(film("1"));
    if (row === undefined) throw new Error("no row");
    bench.manifest.transact((transaction) => {
      transaction.record({ ...row, verified: { epoch: 3, version: 11 } }, claimsOf(path));
    });
    expect(plan(film("1"))).toEqual(NEWER);
    bench.manifest.transact((transaction) => {
      transaction.record({ ...row, verified: { epoch: 4, version: 10 } }, claimsOf(path));
    });
    expect(plan(film("1"))).toEqual(NEWER);
  });

  test("by a later clock is not replaced by an earlier one's", () => {
    publish(film("1"), { path, stamp: { ...STAMP, time: soon } });
    expect(plan(film("1"), "new", {}, { ...STAMP, time: NOW })).toEqual(NEWER);
  });

  test("by a clock that is far ahead doesn't hold anyone back", () => {
    publish(film("1"), { path, stamp: { ...STAMP, time: NOW + 901 } });
    expect(plan(film("1"), "new", {}, { ...STAMP, time: NOW })).toMatchObject({ do: "write", reason: "changed" });
  });

  test("from older data, by an earlier clock, is replaced", () => {
    publish(film("1"), { path, stamp: { epoch: 2, version: 9, time: NOW - 60 } });
    expect(plan(film("1"), "new", {}, { ...STAMP, time: NOW })).toMatchObject({ do: "write", reason: "changed" });
  });

  // Nothing else ever brings such a page up to date.
  test("when it read the clock is replaced when a new template or new data no longer does", () => {
    publish(film("1"), { path, stamp: { epoch: 2, version: 9, time: NOW - 3600 } });
    expect(plan(film("1"), "new", {}, { ...STAMP, time: 0 })).toMatchObject({ do: "write", reason: "changed" });
  });

  test("when it read the minute is replaced when a new template reads the day", () => {
    publish(film("1"), { path, stamp: { epoch: 2, version: 9, time: NOW - 60 } });
    const day = NOW - (NOW % 86_400);
    expect(plan(film("1"), "new", {}, { ...STAMP, time: day })).toMatchObject({ do: "write", reason: "changed" });
  });
});

test("a page that failed keeps what is stored", async () => {
  await given({ id: "1" });
  publish(film("1"), { path: "/films/1/" });
  const failed: Rendered = {
    kind: "failed",
    isTemplateBroken: false,
    error: "film/1: no",
    located: undefined,
    edges: [],
    due: undefined,
  };
  expect(bench.planOf(film("1"), failed)).toEqual({ do: "fail", error: "film/1: no" });
});
