import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import type { PageKey } from "../../../src/core/page.ts";
import { conditionRef, entityRef } from "../../../src/core/ref.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { affectedPages } from "../../../src/press/expand.ts";
import { PLAIN_ROUTE, SmallSite } from "../../support/small-site.ts";
import { filmData, filmSite, temporaryFolder } from "./film-site.ts";

const NOIR = conditionRef("film", "genres", "noir");

/** 20 films of one genre that 30 pages count, and then 10 of them leave it: 300 edges. */
async function countedFilms() {
  const site = filmSite();
  const films = Array.from({ length: 20 }, (_, n) => ({ id: String(n), path: null, genres: ["noir"] }));
  const data = await filmData(site, films);
  const version = data.source.version();
  const manifest = new SqliteManifest(join(temporaryFolder(), "manifest.db"));
  onTestFinished(() => manifest[Symbol.dispose]());
  const counting: PageKey[] = [];
  manifest.transact((transaction) => {
    for (let n = 0; n < 30; n++) {
      const key = pageKey("film", `page ${n}`, 1);
      counting.push(key);
      transaction.record(
        { key, published: undefined, verified: { epoch: 1, version }, due: undefined, error: undefined },
        [{ ref: NOIR, dependency: { kind: "count", where: { genres: "noir" } } }],
      );
    }
  });
  const snapshot = await data.put(films.map((film, n) => (n < 10 ? { ...film, genres: ["drama"] } : film)));
  const changes = data.source.changesSince(version) ?? [];
  expect(changes).toHaveLength(10);
  const expand = (edgesMax: number, isDryRun = false) =>
    affectedPages(site, manifest, snapshot, changes, { limit: 1000, edgesMax, isDryRun });
  const isTouched = (): boolean =>
    manifest.transact((transaction) => transaction.isTouchedAbove([NOIR, entityRef("film", "9")], version));
  return { expand, counting, isTouched };
}

test("changes are followed as long as there are no more edges than may be read", async () => {
  const { expand, counting } = await countedFilms();
  expect([...(expand(300) ?? [])]).toEqual(expect.arrayContaining(counting));
});

test("above that they are many changes, though they lead to few pages; what they touch is committed all the same", async () => {
  const { expand, isTouched } = await countedFilms();
  expect(expand(299, true)).toBeUndefined();
  expect(isTouched()).toBe(false);
  expect(expand(299)).toBeUndefined();
  expect(isTouched()).toBe(true);
});

test("a build of which most entities changed, on pages that all read them, renders whole instead of following them", async () => {
  const site = new SmallSite(
    [
      {
        ...PLAIN_ROUTE,
        each: { type: 0 },
        steps: [{ read: "count", type: 0, where: { kind: "a" } }],
      },
    ],
    Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`e${n}`, { kind: "a" }])),
  );
  await site.build();
  site.put("e0", { kind: "b" });
  expect((await site.build()).plan.whole.size).toBe(0);
  // 100 changes, on each of which 120 pages depend.
  for (let n = 1; n <= 100; n++) site.put(`e${n}`, { kind: "b" });
  const { plan } = await site.build();
  expect([...plan.whole]).toEqual([["r", "many-changes"]]);
});
