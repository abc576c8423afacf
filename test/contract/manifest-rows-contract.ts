import { describe, expect, test } from "vitest";

import type { Dependency } from "../../src/core/dependency.ts";
import { digestOf } from "../../src/core/digest.ts";
import { assetRef, claimRef, conditionRef, entityRef } from "../../src/core/ref.ts";
import type { RefHash } from "../../src/core/ref.ts";
import type { Edge } from "../../src/manifest/manifest.ts";
import { entity, film, FILM, recordOf, REF } from "./manifest-under-test.ts";
import type { ManifestUnderTest } from "./manifest-under-test.ts";

const edge = (ref: RefHash, dependency: Dependency): Edge => ({ ref, dependency });

const ORDER = [{ field: "rating", descending: true }];
const EVERY_DEPENDENCY: readonly Dependency[] = [
  { kind: "entity", fields: "*" },
  { kind: "entity", fields: [] },
  { kind: "entity", fields: ["kind", "title", "a\0b", '"', "__proto__", "🎬"] },
  { kind: "window", window: { where: {}, order: [] } },
  { kind: "window", window: { where: { genres: ["a", 1, true] }, order: ORDER, first: { values: [null], id: "" } } },
  { kind: "window", window: { where: { year: 1979 }, order: ORDER, last: { values: ["x", 1.5, false], id: "é" } } },
  { kind: "count", where: { genres: "drama" } },
  { kind: "exists", where: { genres: "drama" }, answer: false },
  { kind: "pages", where: {}, perPage: 50, answer: 3 },
  { kind: "extent", where: {}, perPage: 50 },
  { kind: "values" },
  { kind: "claim" },
  { kind: "folder" },
  { kind: "asset" },
];

/** What a manifest keeps of pages and what they depend on. */
export function manifestRowsContract(name: string, under: ManifestUnderTest): void {
  const { record, fail, remove, rowOf, dependantsOf } = under;

  describe(`${name}: a row`, () => {
    test("is what was recorded", () => {
      const whole = recordOf(FILM, { due: 1_700_000_060, error: "a 🎬 failed" });
      under.manifest.transact((transaction) => transaction.record(whole, []));
      expect(under.manifest.page(FILM)).toEqual({ ...whole, id: expect.any(Number) });
      record(FILM, [], { published: undefined });
      expect(under.manifest.page(FILM)).toEqual({
        ...recordOf(FILM, { published: undefined }),
        id: expect.any(Number),
      });
    });

    test("holds versions and times as large as they come", () => {
      const stamp = { epoch: 2 ** 31, version: Number.MAX_SAFE_INTEGER, time: 9_999_999_999 };
      const published = {
        path: "/é 🎬/",
        stamp,
        digest: digestOf("x"),
        etag: 'a"b',
        bytes: 5 << 20,
        lastmod: "2024-05-01",
      };
      const verified = { epoch: 2 ** 31, version: Number.MAX_SAFE_INTEGER };
      record(FILM, [], { published, verified, due: 9_999_999_999 });
      expect(rowOf(FILM)).toMatchObject({ published, verified, due: 9_999_999_999 });
    });

    test("is none for a page that is unknown, or removed", () => {
      expect(under.manifest.page(FILM)).toBeUndefined();
      record(FILM);
      remove(FILM);
      expect(under.manifest.page(FILM)).toBeUndefined();
      expect(under.manifest.count()).toBe(0);
    });

    test("that is distrusted keeps what is published, and is verified no more", () => {
      record(FILM, [entity("*")]);
      under.manifest.transact((transaction) => transaction.distrust(FILM));
      const { published } = recordOf(FILM);
      expect(rowOf(FILM)).toMatchObject({ published, verified: { epoch: 0, version: 0 } });
      expect(dependantsOf(REF)).toHaveLength(1);
    });

    test("is one for each page, however often it is recorded", () => {
      record(FILM);
      record(FILM);
      fail(FILM);
      expect(under.manifest.count()).toBe(1);
      record(film("2"));
      expect(under.manifest.count()).toBe(2);
    });

    test("of a failure keeps what is published, and says why", () => {
      record(FILM);
      fail(FILM, [], { error: "film/1: no template", published: rowOf(FILM).published });
      expect(rowOf(FILM)).toMatchObject({ error: "film/1: no template", published: recordOf(FILM).published });
    });

    test("of a page with a key of a megabyte is found by it", () => {
      const keys = ["x", "y"].map((end) => film(`${"long".repeat(1 << 18)}${end}`));
      for (const key of keys) record(key);
      expect(keys.map((key) => rowOf(key).published?.path)).toEqual(keys.map((key) => `/${key}/`));
    });
  });

  describe(`${name}: dependencies`, () => {
    test("are found by their ref as they were recorded, whatever their kind", () => {
      const edges = EVERY_DEPENDENCY.map((dependency, n) => edge(entityRef("film", String(n)), dependency));
      record(FILM, edges);
      for (const { ref, dependency } of edges)
        expect([...under.manifest.dependants(ref)]).toEqual([{ key: FILM, dependency }]);
      expect(under.manifest.edgesOf(FILM)).toEqual(expect.arrayContaining(edges));
      expect(under.manifest.edgesOf(FILM)).toHaveLength(edges.length);
      expect(under.manifest.edgesOf(film("2"))).toEqual([]);
    });

    test("of one ref are those of all its pages, and several of one page", () => {
      record(FILM, [entity(["title"]), edge(REF, { kind: "values" })]);
      record(film("2"), [entity("*")]);
      expect(dependantsOf(REF)).toEqual(
        [
          `${FILM} {"kind":"entity","fields":["title"]}`,
          `${FILM} {"kind":"values"}`,
          `film/2 {"kind":"entity","fields":"*"}`,
        ].toSorted(),
      );
      expect(dependantsOf(entityRef("film", "9"))).toEqual([]);
    });

    test("given twice are there once", () => {
      record(FILM, [entity(["title"]), entity(["title"])]);
      expect(dependantsOf(REF)).toHaveLength(1);
    });

    test("are replaced by the next record, exactly", () => {
      const genre = conditionRef("film", "genres", "drama");
      const count: Dependency = { kind: "count", where: { genres: "drama" } };
      record(FILM, [entity(["title"]), edge(genre, count), edge(assetRef("a.css"), { kind: "asset" })]);
      record(FILM, [entity(["title", "year"]), edge(genre, count), edge(assetRef("b.css"), { kind: "asset" })]);
      expect(dependantsOf(REF)).toEqual([`${FILM} {"kind":"entity","fields":["title","year"]}`]);
      expect(dependantsOf(genre)).toHaveLength(1);
      expect(dependantsOf(assetRef("a.css"))).toEqual([]);
      expect(dependantsOf(assetRef("b.css"))).toHaveLength(1);
      record(FILM, []);
      expect([REF, genre, assetRef("b.css")].flatMap(dependantsOf)).toEqual([]);
    });

    test("in another order are the same", () => {
      const edges = [
        entity(["title"]),
        edge(assetRef("a.css"), { kind: "asset" }),
        edge(claimRef("/x"), { kind: "claim" }),
      ];
      record(FILM, edges);
      record(FILM, edges.toReversed());
      expect(edges.flatMap(({ ref }) => dependantsOf(ref))).toHaveLength(3);
    });

    test("of a failure are added to those that are there, until a record replaces them all", () => {
      record(FILM, [entity(["title"])]);
      fail(FILM, [entity(["year"]), edge(assetRef("a.css"), { kind: "asset" })]);
      fail(FILM, [entity(["year"]), edge(assetRef("b.css"), { kind: "asset" })]);
      expect(dependantsOf(REF)).toHaveLength(2);
      expect([assetRef("a.css"), assetRef("b.css")].flatMap(dependantsOf)).toHaveLength(2);
      record(FILM, [entity(["title"])]);
      expect(dependantsOf(REF)).toEqual([`${FILM} {"kind":"entity","fields":["title"]}`]);
      expect([assetRef("a.css"), assetRef("b.css")].flatMap(dependantsOf)).toEqual([]);
    });

    test("of a page that failed first and never had any come off with the first record", () => {
      fail(FILM, [entity(["year"])]);
      record(FILM, []);
      expect(dependantsOf(REF)).toEqual([]);
    });

    test("of a removed page are gone, and don't come back with it", () => {
      record(FILM, [entity("*")]);
      record(film("2"), [entity("*")]);
      remove(FILM);
      expect(dependantsOf(REF)).toEqual(['film/2 {"kind":"entity","fields":"*"}']);
      record(FILM, []);
      expect(dependantsOf(REF)).toHaveLength(1);
    });

    test("tell whether a ref is used, and whether by a page that failed", () => {
      expect(under.manifest.useOf(REF)).toEqual({ isUsed: false, isUsedByFailed: false });
      record(FILM, [entity("*")]);
      expect(under.manifest.useOf(REF)).toEqual({ isUsed: true, isUsedByFailed: false });
      fail(film("2"), [entity("*")]);
      expect(under.manifest.useOf(REF)).toEqual({ isUsed: true, isUsedByFailed: true });
    });
  });
}
