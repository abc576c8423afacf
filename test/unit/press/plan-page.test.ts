import { hash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import { pageKey, parsePageKey } from "../../../src/core/page.ts";
import type { PageKey } from "../../../src/core/page.ts";
import type { ObjectKey } from "../../../src/core/path.ts";
import { claimRef } from "../../../src/core/ref.ts";
import { carriedKey, carrier } from "../../../src/core/stamp.ts";
import type { Stamp } from "../../../src/core/stamp.ts";
import type { Edge } from "../../../src/manifest/manifest.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { locatePage } from "../../../src/press/locate-page.ts";
import { planPage } from "../../../src/press/plan-page.ts";
import type { PagePlan, PlanContext } from "../../../src/press/plan-page.ts";
import type { Rendered } from "../../../src/press/render-page.ts";
import { ancestorKeys, parsePath } from "../../../src/site/path.ts";
import type { Snapshot } from "../../../src/source/source.ts";
import { DirectoryPageStore } from "../../../src/store/directory.ts";
import { filmData, filmSite, temporaryFolder } from "./film-site.ts";
import type { Film } from "./film-site.ts";

const NOW = 1_700_000_000;
const STAMP: Stamp = { epoch: 3, version: 10, time: 0 };
const site = filmSite();
const nameOf = (key: PageKey): string => carriedKey(key, (text) => hash("sha256", text, "hex"));
const film = (id: string): PageKey => pageKey("film", id, 1);
const alias = (id: string): PageKey => pageKey("alias", id, 1);
const objectKey = (path: string): ObjectKey => {
  const parsed = parsePath(path);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.key;
};

let root: string;
let store: DirectoryPageStore;
let manifest: SqliteManifest;
let snapshot: Snapshot;

beforeEach(() => {
  root = temporaryFolder();
  store = new DirectoryPageStore(root, "test");
  manifest = new SqliteManifest(join(root, ".rekiln", "manifest.db"));
  onTestFinished(() => manifest[Symbol.dispose]());
});

async function given(...films: Film[]): Promise<void> {
  ({ snapshot } = await filmData(site, films));
}

/** Writes any file into the store. */
function put(path: string, content: string): void {
  const file = join(root, objectKey(path));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

interface PublishOptions {
  readonly path: string;
  readonly content?: string;
  readonly stamp?: Stamp;
}

/** What the page's own press left in the store. */
function putPage(key: PageKey, { path, content = "old", stamp = STAMP }: PublishOptions): void {
  put(path, content + carrier("html", stamp, nameOf(key)));
}

function claimsOf(path: string): readonly Edge[] {
  const parsed = parsePath(path);
  if (!parsed.ok) throw new Error(parsed.problem);
  return [
    { ref: claimRef(parsed.collisionKey), dependency: { kind: "claim" } },
    ...ancestorKeys(parsed.path).map((folder): Edge => ({ ref: claimRef(folder), dependency: { kind: "folder" } })),
  ];
}

/** A page that was pressed: its file, its row and its claims. */
function publish(key: PageKey, options: PublishOptions): void {
  putPage(key, options);
  const { path, content = "old", stamp = STAMP } = options;
  const etag = store.etag(objectKey(path)) ?? "";
  const published = { path, stamp, digest: digestOf(content), etag, bytes: 1 };
  manifest.transact((transaction) => {
    transaction.record({ key, published, verified: stamp, due: undefined, error: undefined }, claimsOf(path));
  });
}

/** A page that never got its path, but wants it. */
function claim(key: PageKey, path: string): void {
  manifest.transact((transaction) => {
    transaction.record({ key, published: undefined, verified: STAMP, due: undefined, error: "waits" }, claimsOf(path));
  });
}

function renderedOf(key: PageKey, content: string): Rendered {
  const located = locatePage(site, parsePageKey(key), snapshot, undefined);
  if (located.kind !== "page") return { kind: "none" };
  return { kind: "page", located, content, digest: digestOf(content), edges: [], time: 0, due: undefined };
}

function plan(key: PageKey, content = "new", context: Partial<PlanContext> = {}, stamp = STAMP): PagePlan {
  const whole: PlanContext = {
    site,
    store,
    staticKeys: new Set(),
    isFirstBuild: false,
    replacesForeign: false,
    nowSeconds: NOW,
    carriedKey: nameOf,
    ...context,
  };
  return planPage(whole, manifest, snapshot, key, renderedOf(key, content), stamp);
}

const NEWER = { do: "nothing", outcome: { kind: "newer", key: film("1") } };

describe("a page with a path of its own", () => {
  beforeEach(() => given({ id: "1", path: "/films/alien/" }));
  const path = "/films/alien/";

  test("is written as new where nothing is stored", () => {
    expect(plan(film("1"))).toEqual({ do: "write", reason: "new", evicts: [], drops: undefined, again: [] });
  });

  test("is written as changed where its old bytes stand", () => {
    publish(film("1"), { path });
    expect(plan(film("1"))).toEqual({ do: "write", reason: "changed", evicts: [], drops: undefined, again: [] });
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
      drops: undefined,
      again: [],
    });
  });

  test("is adopted where somebody wrote the very bytes anew", () => {
    publish(film("1"), { path });
    rmSync(join(root, objectKey(path)));
    putPage(film("1"), { path, content: "new" });
    expect(plan(film("1"), "new")).toMatchObject({ do: "adopt" });
  });

  test("is written as new over other bytes of its own that the manifest doesn't know", () => {
    putPage(film("1"), { path });
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "new" });
  });

  test("is written as missing where its file is gone", () => {
    publish(film("1"), { path });
    rmSync(join(root, objectKey(path)));
    expect(plan(film("1"), "old")).toMatchObject({ do: "write", reason: "missing" });
  });

  test("is written as altered where somebody changed its file", () => {
    publish(film("1"), { path });
    rmSync(join(root, objectKey(path)));
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

  test("is left alone in the place of a page of ours", () => {
    publish(film("1"), { path });
    put(path, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "fail" });
    expect(plan(film("1"), "new", { replacesForeign: true })).toMatchObject({ do: "write", reason: "altered" });
  });
});

describe("a page that is stored", () => {
  beforeEach(() => given({ id: "1", path: "/films/alien/" }));
  const path = "/films/alien/";
  const soon = NOW + 60;

  test.each<[string, Stamp]>([
    ["from newer data", { ...STAMP, version: 11 }],
    ["from newer templates", { ...STAMP, epoch: 4 }],
    ["from newer data and older templates", { epoch: 2, version: 11, time: 0 }],
  ])("%s is not replaced, whether the manifest knows it or not", (_, stamp) => {
    putPage(film("1"), { path, stamp });
    expect(plan(film("1"))).toEqual(NEWER);
    publish(film("1"), { path, stamp });
    expect(plan(film("1"))).toEqual(NEWER);
  });

  test("as verified at a newer version is not replaced", () => {
    publish(film("1"), { path });
    const row = manifest.page(film("1"));
    if (row === undefined) throw new Error("no row");
    manifest.transact((transaction) => {
      transaction.record({ ...row, verified: { epoch: 3, version: 11 } }, claimsOf(path));
    });
    expect(plan(film("1"))).toEqual(NEWER);
    manifest.transact((transaction) => {
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

describe("a path that two pages want", () => {
  const path = "/films/alien/";

  test("belongs to the lower id of a route; the other collides and names the owner", async () => {
    await given({ id: "1", path }, { id: "2", path });
    publish(film("1"), { path });
    expect(plan(film("2"))).toEqual({ do: "collide", owner: film("1"), drops: undefined, again: [] });
  });

  test("belongs to the earlier route", async () => {
    await given({ id: "2", path }, { id: "1", path: "/films/other/", alias: path });
    publish(film("2"), { path });
    expect(plan(alias("1"))).toMatchObject({ do: "collide", owner: film("2") });
  });

  test("is taken by its owner, and whoever stood there is pressed again", async () => {
    await given({ id: "1", path }, { id: "2", path });
    publish(film("2"), { path });
    expect(plan(film("1"))).toEqual({
      do: "write",
      reason: "new",
      evicts: [],
      drops: undefined,
      again: [film("2")],
    });
  });

  test.each([
    ["/films/ALIEN/", "/films/alien/"],
    ["/x.y", "/x.y/"],
    ["/x.y/", "/x.y"],
    ["/x.y", "/x.y/deep/"],
    ["/x.y/deep/", "/x.y"],
  ])("is taken for %s by removing the loser's page from %s first", async (wanted, taken) => {
    await given({ id: "1", path: wanted }, { id: "2", path: taken });
    publish(film("2"), { path: taken });
    expect(plan(film("1"))).toEqual({
      do: "write",
      reason: "new",
      evicts: [objectKey(taken)],
      drops: undefined,
      again: [film("2")],
    });
  });

  test("is taken without touching what somebody else put in the loser's place", async () => {
    await given({ id: "1", path: "/films/ALIEN/" }, { id: "2", path });
    publish(film("2"), { path });
    put(path, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "write", evicts: [] });
  });

  test("isn't kept by a lower page that never came to stand there", async () => {
    await given({ id: "1", path }, { id: "2", path });
    claim(film("1"), path);
    expect(plan(film("2"))).toMatchObject({ do: "write", reason: "new" });
  });

  test("is the same path in another case", async () => {
    await given({ id: "1", path: "/films/ALIEN/" }, { id: "2", path });
    publish(film("1"), { path: "/films/ALIEN/" });
    expect(plan(film("2"))).toMatchObject({ do: "collide", owner: film("1") });
  });

  test("can't be a file and a folder", async () => {
    await given({ id: "1", path: "/x.y" }, { id: "2", path: "/x.y/" }, { id: "3", path: "/x.y/deep/er/" });
    publish(film("1"), { path: "/x.y" });
    expect(plan(film("2"))).toMatchObject({ do: "collide", owner: film("1") });
    expect(plan(film("3"))).toMatchObject({ do: "collide", owner: film("1") });
  });

  test("can't be a folder and a file either: the owner below the file's name is found", async () => {
    await given({ id: "1", path: "/x.y/deep/" }, { id: "2", path: "/x.y" });
    publish(film("1"), { path: "/x.y/deep/" });
    expect(plan(film("2"))).toMatchObject({ do: "collide", owner: film("1") });
  });

  test("is free when its claimant has another path by now", async () => {
    await given({ id: "1", path: "/films/elsewhere/" }, { id: "2", path });
    publish(film("1"), { path });
    expect(plan(film("2"))).toMatchObject({ do: "write", reason: "new", again: [] });
  });

  test("is free when its claimant is gone", async () => {
    await given({ id: "2", path });
    publish(film("1"), { path });
    expect(plan(film("2"))).toMatchObject({ do: "write", reason: "new", again: [] });
  });

  test("belongs to a file of static/ before any page", async () => {
    await given({ id: "1", path: "/robots.txt" });
    expect(plan(film("1"), "new", { staticKeys: new Set(["/robots.txt"]) })).toEqual({
      do: "collide",
      owner: "static/robots.txt",
      drops: undefined,
      again: [],
    });
  });
});

describe("a page that has another path than before", () => {
  const [from, to] = ["/films/alien/", "/films/alien-1979/"];

  test("is written as moved, and its old file goes", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: from });
    expect(plan(film("1"))).toEqual({ do: "write", reason: "moved", evicts: [], drops: objectKey(from), again: [] });
  });

  test("drops its old file too when another page wants the path, which is pressed again", async () => {
    await given({ id: "1", path: to }, { id: "2", path: from });
    publish(film("1"), { path: from });
    claim(film("2"), from);
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", drops: objectKey(from), again: [film("2")] });
  });

  test("leaves its old path to a page that stands there by now", async () => {
    await given({ id: "1", path: to }, { id: "2", path: from });
    publish(film("1"), { path: from });
    rmSync(join(root, objectKey(from)));
    publish(film("2"), { path: from, content: "the second" });
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", drops: undefined, again: [film("2")] });
  });

  test.each([
    ["/films/alien/", "/films/ALIEN/"],
    ["/x.y", "/x.y/"],
    ["/x.y/", "/x.y"],
  ])("makes room for itself where %s can't stand beside %s", async (before, after) => {
    await given({ id: "1", path: after });
    publish(film("1"), { path: before });
    expect(plan(film("1"))).toEqual({
      do: "write",
      reason: "moved",
      evicts: [objectKey(before)],
      drops: undefined,
      again: [],
    });
  });

  test("leaves a file alone that is no longer its own", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: from });
    put(from, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "write", reason: "moved", drops: undefined });
  });

  test("drops its old file also when it loses the new path to another", async () => {
    await given({ id: "1", path: to }, { id: "2", path: to });
    publish(film("1"), { path: to });
    publish(film("2"), { path: from });
    expect(plan(film("2"))).toEqual({ do: "collide", owner: film("1"), drops: objectKey(from), again: [] });
  });

  test("drops its old file when its bytes stand at the new path already", async () => {
    await given({ id: "1", path: to });
    publish(film("1"), { path: from });
    putPage(film("1"), { path: to, content: "new" });
    expect(plan(film("1"))).toMatchObject({ do: "adopt", drops: objectKey(from) });
  });
});

describe("a page that isn't in the snapshot", () => {
  const path = "/films/alien/";
  beforeEach(() => given({ id: "7" }));

  test("is absent when nothing is known of it", () => {
    expect(plan(film("1"))).toEqual({ do: "nothing", outcome: { kind: "absent", key: film("1") } });
  });

  test("is removed with its file", () => {
    publish(film("1"), { path });
    expect(plan(film("1"))).toMatchObject({ do: "remove", row: { key: film("1") }, drops: objectKey(path), again: [] });
  });

  test("is removed without a file when it never had one", () => {
    claim(film("1"), path);
    expect(plan(film("1"))).toMatchObject({ do: "remove", drops: undefined, again: [] });
  });

  test("is removed with its file also when another page wants the path, which is pressed again", async () => {
    await given({ id: "2", path });
    publish(film("1"), { path });
    claim(film("2"), path);
    expect(plan(film("1"))).toMatchObject({ do: "remove", drops: objectKey(path), again: [film("2")] });
  });

  test("leaves the file of a page that stands in its place by now", async () => {
    await given({ id: "2", path });
    publish(film("1"), { path });
    rmSync(join(root, objectKey(path)));
    publish(film("2"), { path, content: "the second" });
    expect(plan(film("1"))).toMatchObject({ do: "remove", drops: undefined, again: [film("2")] });
  });

  test("leaves alone what somebody else put there", () => {
    publish(film("1"), { path });
    put(path, "<p>by hand</p>");
    expect(plan(film("1"))).toMatchObject({ do: "remove", drops: undefined });
  });

  test("has its file removed to make room for a claimant in another case", async () => {
    await given({ id: "2", path: "/films/ALIEN/" });
    publish(film("1"), { path });
    claim(film("2"), "/films/ALIEN/");
    expect(plan(film("1"))).toMatchObject({ do: "remove", drops: objectKey(path), again: [film("2")] });
  });
});

test("a page that failed keeps what is stored", async () => {
  await given({ id: "1" });
  publish(film("1"), { path: "/films/1/" });
  const failed: Rendered = { kind: "failed", error: "film/1: no", located: undefined, edges: [], due: undefined };
  const context: PlanContext = {
    site,
    store,
    staticKeys: new Set(),
    isFirstBuild: false,
    replacesForeign: false,
    nowSeconds: NOW,
    carriedKey: nameOf,
  };
  expect(planPage(context, manifest, snapshot, film("1"), failed, STAMP)).toEqual({ do: "fail", error: "film/1: no" });
});
