import { describe, expect, test } from "vitest";

import { pageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import { SLOTS, slotOf } from "../../src/core/slot.ts";
import type { SitemapMark } from "../../src/manifest/sitemap-state.ts";
import { film, FILM, recordOf } from "./manifest-under-test.ts";
import type { ManifestUnderTest } from "./manifest-under-test.ts";

/** What a manifest keeps for sitemaps. */
export function manifestSitemapsContract(name: string, under: ManifestUnderTest): void {
  const { use, record, fail, remove } = under;
  const publishedAt = (key: PageKey, path: string, lastmod?: string) => {
    const { published } = recordOf(key);
    return { published: published === undefined ? undefined : { ...published, path, lastmod } };
  };
  const take = (marks: readonly SitemapMark[]): boolean =>
    under.manifest.transact((transaction) => transaction.sitemaps.take(marks));
  /** Marks without their passes. */
  const slots = (marks = under.manifest.sitemaps.marks()): readonly string[] =>
    marks.map(({ route, slot }) => `${route} ${slot}`).toSorted();
  const slotsOf = (...keys: readonly PageKey[]): readonly string[] =>
    keys.map((key) => `${decodeURIComponent(/^[^/#]*/.exec(key)?.[0] ?? "")} ${slotOf(key)}`).toSorted();
  const clear = (): void => {
    expect(take(under.manifest.sitemaps.begin())).toBe(true);
    expect(slots()).toEqual([]);
  };

  describe(`${name}: a page's slot is marked`, () => {
    test("when it is published, moves, gets another day, or goes", () => {
      record(FILM);
      expect(slots()).toEqual(slotsOf(FILM));
      clear();
      record(FILM, [], publishedAt(FILM, "/elsewhere/"));
      expect(slots()).toEqual(slotsOf(FILM));
      clear();
      record(FILM, [], publishedAt(FILM, "/elsewhere/", "2024-05-01"));
      expect(slots()).toEqual(slotsOf(FILM));
      clear();
      record(FILM, [], publishedAt(FILM, "/elsewhere/", "2024-05-02"));
      expect(slots()).toEqual(slotsOf(FILM));
      clear();
      remove(FILM);
      expect(slots()).toEqual(slotsOf(FILM));
    });

    test("when another page takes its path, and it has none", () => {
      record(FILM);
      clear();
      record(FILM, [], { published: undefined, error: "collides" });
      expect(slots()).toEqual(slotsOf(FILM));
    });

    test("by its route's name and its key, page 2 as well", () => {
      const keys = [pageKey("f lm/é", "1", 1), pageKey("f lm/é", "1", 2), pageKey("home", undefined, 1)];
      for (const key of keys) record(key);
      expect(slots()).toEqual(slotsOf(...keys));
    });

    test("not when only its bytes changed, it failed, or it never stood anywhere", () => {
      record(FILM, [], publishedAt(FILM, "/film/1/", "2024-05-01"));
      clear();
      const { published } = publishedAt(FILM, "/film/1/", "2024-05-01");
      if (published === undefined) throw new Error("nothing published");
      record(FILM, [], { published: { ...published, etag: "another", bytes: 9 }, verified: { epoch: 4, version: 11 } });
      fail(FILM, [], { published });
      fail(film("2"), [], { published: undefined });
      remove(film("2"));
      expect(slots()).toEqual([]);
    });

    test("not when the transaction that would mark it throws", () => {
      const work = (): void =>
        under.manifest.transact((transaction) => {
          transaction.record(recordOf(FILM), []);
          throw new Error("stop");
        });
      expect(work).toThrow("stop");
      expect(slots()).toEqual([]);
    });

    test("not by a bulk load, and as ever afterwards", () => {
      under.manifest.beginBulk();
      record(FILM);
      under.manifest.finishBulk();
      expect(slots()).toEqual([]);
      record(film("2"));
      expect(slots()).toEqual(slotsOf(film("2")));
      expect(under.manifest.sitemaps.count("film")).toBe(2);
    });
  });

  describe(`${name}: marks`, () => {
    test("are one for each slot, and can be set on their own", () => {
      record(FILM);
      under.manifest.transact((transaction) => {
        transaction.sitemaps.mark("film", slotOf(FILM));
        transaction.sitemaps.mark("other", 7);
        transaction.sitemaps.mark("other", 7);
      });
      expect(slots()).toEqual([...slotsOf(FILM), "other 7"].toSorted());
    });

    test("that were set anew since the pass began stay when it takes its own", () => {
      record(FILM);
      const marks = under.manifest.sitemaps.begin();
      record(film("2"));
      record(FILM, [], publishedAt(FILM, "/elsewhere/"));
      expect(take(marks)).toBe(true);
      expect(slots()).toEqual(slotsOf(FILM, film("2")));
      const [first, second] = [under.manifest.sitemaps.begin(), under.manifest.sitemaps.begin()];
      expect(slots(second)).toEqual(slots(first));
      expect(take(second)).toBe(true);
      expect(slots()).toEqual([]);
    });

    test("that another pass has taken are told as gone", () => {
      record(FILM);
      record(film("2"));
      const marks = under.manifest.sitemaps.begin();
      expect(take(marks.slice(0, 1))).toBe(true);
      expect(take(marks)).toBe(false);
      expect(take([])).toBe(true);
    });

    test("that another connection sets after the pass began are other ones", () => {
      using other = under.harness.connect();
      record(FILM);
      // It has marked before, and knows the pass of then.
      other.transact((transaction) => transaction.record(recordOf(film("2")), []));
      const marks = under.manifest.sitemaps.begin();
      other.transact((transaction) => transaction.record(recordOf(FILM, publishedAt(FILM, "/elsewhere/")), []));
      expect(take(marks)).toBe(true);
      expect(slots()).toEqual(slotsOf(FILM));
    });

    test("outlive a closed manifest, and so do the passes", () => {
      record(FILM);
      const marks = under.manifest.sitemaps.begin();
      use(under.harness.reopen());
      expect(under.manifest.sitemaps.marks()).toEqual(marks);
      record(FILM, [], publishedAt(FILM, "/elsewhere/"));
      expect(take(marks)).toBe(true);
      expect(slots()).toEqual(slotsOf(FILM));
    });
  });

  describe(`${name}: the pages of a sitemap`, () => {
    test("are those of the route in the range that are published, by the bytes of their paths", () => {
      const keys = Array.from({ length: 300 }, (_, n) => film(String(n)));
      const pathOf = (key: PageKey): string => `/${["é", "🎬", "ﬀ", "A", "a"][slotOf(key) % 5]}${key}/`;
      for (const key of keys)
        record(key, [], publishedAt(key, pathOf(key), slotOf(key) % 2 ? "2024-05-01" : undefined));
      record(film("waits"), [], { published: undefined, error: "collides" });
      for (const other of ["films", "fil", "film+", "Film"]) record(pageKey(other, "1", 1));
      expect(under.manifest.sitemaps.count("film")).toBe(300);
      expect(under.manifest.sitemaps.count("none")).toBe(0);
      const bytes = (text: string): Buffer => Buffer.from(text);
      for (const [from, to] of [
        [0, SLOTS],
        [0, SLOTS / 2],
        [SLOTS / 2, SLOTS],
        [0, SLOTS / 256],
      ] as const) {
        const want = keys
          .filter((key) => slotOf(key) >= from && slotOf(key) < to)
          .map((key) => ({ path: pathOf(key), lastmod: slotOf(key) % 2 ? "2024-05-01" : undefined }))
          .toSorted((left, right) => Buffer.compare(bytes(left.path), bytes(right.path)));
        expect([...under.manifest.sitemaps.pages({ route: "film", from, to })]).toEqual(want);
      }
    });

    test("are those that pages with one name's beginning are, and no other's", () => {
      for (const key of [pageKey("film", undefined, 1), pageKey("film", undefined, 2), film("1"), film("")])
        record(key);
      record(pageKey("film-noir", "1", 1));
      const paths = Array.from(
        under.manifest.sitemaps.pages({ route: "film", from: 0, to: SLOTS }),
        ({ path }) => path,
      );
      expect(paths).toEqual(["/film#2/", "/film/", "/film//", "/film/1/"]);
    });

    test("need not be read to their end", () => {
      for (let n = 0; n < 10; n++) record(film(String(n)));
      for (const { path } of under.manifest.sitemaps.pages({ route: "film", from: 0, to: SLOTS }))
        if (path !== "") break;
      record(film("10"));
      expect([...under.manifest.sitemaps.pages({ route: "film", from: 0, to: SLOTS })]).toHaveLength(11);
    });
  });

  test(`${name}: sitemaps in the store are put, replaced and removed by their object key`, () => {
    const file = { route: "film", shard: 1, shards: 2, addresses: 3, digest: "d", etag: "e" };
    const index = { ...file, objectKey: "sitemap.xml", route: undefined };
    under.manifest.transact((transaction) => {
      transaction.sitemaps.put({ ...file, objectKey: "sitemap-film-2.xml" });
      transaction.sitemaps.put({ ...file, objectKey: "sitemap-gone.xml" });
      transaction.sitemaps.put(index);
      transaction.sitemaps.put({ ...file, objectKey: "sitemap-film-2.xml", digest: "d2" });
      transaction.sitemaps.remove("sitemap-gone.xml");
      transaction.sitemaps.remove("none.xml");
      expect(transaction.sitemaps.files()).toHaveLength(2);
    });
    use(under.harness.reopen());
    expect(under.manifest.sitemaps.files()).toEqual([
      { ...file, objectKey: "sitemap-film-2.xml", digest: "d2" },
      index,
    ]);
  });
}
