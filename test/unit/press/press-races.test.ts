import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { pressPages } from "../../../src/press/press-pages.ts";
import type { Pressed } from "../../../src/press/press-pages.ts";
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

test("a page that was removed doesn't come back from older data, not even where nothing tells of it any more", async () => {
  const site = filmSite();
  const data = await filmData(site, [{ id: "1" }, { id: "2" }]);
  const { snapshot: before } = data;
  const after = await data.put([{ id: "2" }]);
  const root = temporaryFolder();
  const store = new DirectoryPageStore(root, "test");
  const manifest = new SqliteManifest(join(root, ".rekiln", "manifest.db"));
  onTestFinished(() => manifest[Symbol.dispose]());
  const key = pageKey("film", "1", 1);
  const press = async (...snapshots: readonly Snapshot[]): Promise<Pressed> => {
    const waiting = [...snapshots];
    return await pressPages(
      {
        site,
        renderer: { render: () => "", brokenBy: () => [] },
        assets: new Map(),
        useAsset: () => undefined,
        reader: { snapshot: () => waiting.shift() ?? after, [Symbol.dispose]: () => undefined },
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
      [key],
      OPTIONS,
    );
  };
  await press(before);
  await press(after);
  for (const { collisionKey } of manifest.left.of(key)) {
    manifest.transact((transaction) => transaction.left.remove(collisionKey));
  }
  expect((await press(before)).outcomes).toEqual([{ kind: "absent", key }]);
});
