import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import type { PageKey } from "../../../src/core/page.ts";
import { conditionRef, entityRef, existenceRef } from "../../../src/core/ref.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { affectedPages } from "../../../src/press/expand.ts";
import { existsEdge } from "../../../src/press/page-recorder.ts";
import { PLAIN_ROUTE, SmallSite } from "../../support/small-site.ts";
import { filmData, filmSite, temporaryFolder } from "./film-site.ts";
import type { Film } from "./film-site.ts";

const NOIR = conditionRef("film", "genres", "noir");

/** 20 films of one genre that 30 pages count, and then 10 of them leave it: 30 edges, to which each of the changes leads. */
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

test("changes are followed as long as there are no more edges than may be read, and each is read once", async () => {
  const { expand, counting } = await countedFilms();
  expect([...(expand(30) ?? [])]).toEqual(expect.arrayContaining(counting));
});

test("above that they are many changes, though they lead to few pages; what they touch is committed all the same", async () => {
  const { expand, isTouched } = await countedFilms();
  expect(expand(29, true)).toBeUndefined();
  expect(isTouched()).toBe(false);
  expect(expand(29)).toBeUndefined();
  expect(isTouched()).toBe(true);
});

test("a build of which most entities changed, on pages that all read them, renders whole instead of following them", async () => {
  const site = new SmallSite(
    [
      {
        ...PLAIN_ROUTE,
        each: { type: 0 },
        steps: [{ read: "list", type: 0, where: {}, orderBy: [], use: ["rank"] }],
      },
    ],
    Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`e${n}`, { rank: 0 }])),
  );
  await site.build();
  site.put("e0", { rank: 1 });
  expect((await site.build()).plan.whole.size).toBe(0);
  // 100 entities, of each of which 120 pages print the rank.
  for (let n = 1; n <= 100; n++) site.put(`e${n}`, { rank: 1 });
  const { plan } = await site.build();
  expect([...plan.whole]).toEqual([["r", "many-changes"]]);
});

/** 30 pages that link to a genre and to film 0: they know that both exist, and nothing else of them. */
async function linkedFilm() {
  const site = filmSite();
  const film = { id: "0", path: null, genres: ["noir"], rating: 5 };
  const data = await filmData(site, [film]);
  const version = data.source.version();
  const manifest = new SqliteManifest(join(temporaryFolder(), "manifest.db"));
  onTestFinished(() => manifest[Symbol.dispose]());
  const linking = Array.from({ length: 30 }, (_, n) => pageKey("director", `page ${n}`, 1));
  manifest.transact((transaction) => {
    for (const key of linking) {
      transaction.record(
        { key, published: undefined, verified: { epoch: 1, version }, due: undefined, error: undefined },
        [
          existsEdge("film", "genres", "noir", true),
          { ref: existenceRef("film", "0"), dependency: { kind: "entity", fields: [] } },
        ],
      );
    }
  });
  /** The linking pages that are found with so many edges read. */
  const expandAfter = async (films: readonly Film[], edgesMax: number) => {
    const snapshot = await data.put(films);
    const changes = data.source.changesSince(version) ?? [];
    const found = affectedPages(site, manifest, snapshot, changes, { limit: 1000, edgesMax, isDryRun: true });
    return found && linking.filter((key) => found.has(key));
  };
  return { film, linking, expandAfter };
}

test("a change of what is linked to from many pages follows none of their edges", async () => {
  const { film, expandAfter } = await linkedFilm();
  expect(await expandAfter([{ ...film, title: "Alien", rating: 9 }], 0)).toEqual([]);
});

test("nor does one more entity with a value to which many pages link", async () => {
  const { film, expandAfter } = await linkedFilm();
  expect(await expandAfter([film, { id: "1", path: null, genres: ["noir"] }], 0)).toEqual([]);
});

test("when no entity has the value any more, all pages that link to it are affected", async () => {
  const { film, linking, expandAfter } = await linkedFilm();
  expect(await expandAfter([{ ...film, genres: ["drama"] }], 30)).toEqual(linking);
});

test("when the entity is gone, all pages that link to it are affected", async () => {
  const { film, linking, expandAfter } = await linkedFilm();
  expect(await expandAfter([{ ...film, id: "1" }], 30)).toEqual(linking);
});
