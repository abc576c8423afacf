import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import type { PageKey } from "../../../src/core/page.ts";
import { pageKey } from "../../../src/core/page.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { pressPages } from "../../../src/press/press-pages.ts";
import type { Pressed } from "../../../src/press/press-pages.ts";
import type { Site } from "../../../src/site/site.ts";
import type { Snapshot } from "../../../src/source/source.ts";
import { DirectoryPageStore } from "../../../src/store/directory.ts";
import { filmData, filmSite, temporaryFolder } from "./film-site.ts";

const OPTIONS = {
  isFresh: false,
  isDryRun: false,
  trustsVerified: false,
  replacesForeign: false,
  removes: true,
  findsFurther: false,
  failures: new Map(),
  signal: new AbortController().signal,
};

/** A store and a manifest of a test's own, and what presses pages of a site from given snapshots: the last for all further attempts. */
function pressOf(site: Site) {
  const root = temporaryFolder();
  const store = new DirectoryPageStore(root, "test");
  const manifest = new SqliteManifest(join(root, ".rekiln", "manifest.db"));
  onTestFinished(() => manifest[Symbol.dispose]());
  const press = async (keys: readonly PageKey[], first: Snapshot, ...others: readonly Snapshot[]): Promise<Pressed> => {
    const waiting = [first, ...others];
    let snapshot = first;
    return await pressPages(
      {
        site,
        renderer: { render: () => "", brokenBy: () => [] },
        assets: new Map(),
        useAsset: () => undefined,
        reader: { snapshot: () => (snapshot = waiting.shift() ?? snapshot), [Symbol.dispose]: () => undefined },
        manifest,
        store,
        staticKeys: new Set(),
        isFirstBuild: false,
        epochs: new Map(),
        epoch: 0,
        clock: () => 0,
        onPage: () => undefined,
        inTurn: (work) => work(),
      },
      keys,
      OPTIONS,
    );
  };
  return { root, manifest, press };
}

test("nothing stays staged, whether it came to its place or not", async () => {
  const site = filmSite();
  const data = await filmData(site, [{ id: "1" }, { id: "2", path: "/taken/" }]);
  const { root, press } = pressOf(site);
  const keys = [pageKey("film", "1", 1), pageKey("film", "2", 1)];
  mkdirSync(join(root, "taken", "index.html"), { recursive: true });
  const { outcomes } = await press(keys, data.snapshot);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["written", "failed"]);
  expect(readdirSync(join(root, ".rekiln", "tmp"))).toEqual([]);
  const moved = await data.put([{ id: "1", path: "/elsewhere/" }, { id: "2" }]);
  expect((await press(keys, moved)).outcomes.map(({ kind }) => kind)).toEqual(["written", "written"]);
  expect(readdirSync(join(root, ".rekiln", "tmp"))).toEqual([]);
});

test("a page that was removed doesn't come back from older data, not even where nothing tells of it any more", async () => {
  const site = filmSite();
  const data = await filmData(site, [{ id: "1" }, { id: "2" }]);
  const { snapshot: before } = data;
  const after = await data.put([{ id: "2" }]);
  const { manifest, press } = pressOf(site);
  const key = pageKey("film", "1", 1);
  await press([key], before, after);
  await press([key], after);
  for (const { collisionKey } of manifest.left.of(key)) {
    manifest.transact((transaction) => transaction.left.remove(collisionKey));
  }
  expect((await press([key], before, after)).outcomes).toEqual([{ kind: "absent", key }]);
});

test("whoever left a path leads to the page that will own it, until it is there, though a third one took it and all died", async () => {
  const site = filmSite();
  const data = await filmData(site, [
    { id: "1", path: "/one/" },
    { id: "2", path: "/one/" },
    { id: "3", path: "/one/" },
  ]);
  const { snapshot: before } = data;
  const after = await data.put([
    { id: "1", path: "/new/" },
    { id: "2", path: "/one/" },
    { id: "3", path: "/one/" },
  ]);
  const { press } = pressOf(site);
  const keyOf = (id: string): PageKey => pageKey("film", id, 1);
  await press([keyOf("1"), keyOf("2"), keyOf("3")], before);
  // What each of them leads to isn't pressed: whoever pressed them died.
  expect((await press([keyOf("3")], after)).again).toEqual([keyOf("2")]);
  expect((await press([keyOf("1")], after)).again).toContain(keyOf("2"));
  expect((await press([keyOf("1")], after)).again).toContain(keyOf("2"));
  await press([keyOf("2")], after);
  expect((await press([keyOf("1")], after)).again).toContain(keyOf("2"));
  expect((await press([keyOf("1")], after)).again).toEqual([]);
});
