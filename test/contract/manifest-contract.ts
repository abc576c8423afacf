import { beforeEach, describe, expect, test } from "vitest";

import type { Dependency } from "../../src/core/dependency.ts";
import { digestOf } from "../../src/core/digest.ts";
import { pageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { Scalar } from "../../src/core/read.ts";
import { assetRef, claimRef, conditionRef, entityRef } from "../../src/core/ref.ts";
import type { RefHash } from "../../src/core/ref.ts";
import type { Edge, Manifest, PageRecord, PageRow } from "../../src/manifest/manifest.ts";

/** A manifest under test, and the ways into it. */
export interface ManifestHarness {
  readonly manifest: Manifest;
  /** Another connection to the same manifest. */
  connect(): Manifest;
  /** Closes all connections, and opens the manifest again. */
  reopen(): ManifestHarness;
  /**
   * In another thread or process, `times` times: in one transaction reads the row of a page and writes it with one
   * byte more. The row is there.
   */
  countElsewhere(key: PageKey, times: number): Promise<void>;
}

/** One step of `countElsewhere`. */
export function countUp(manifest: Manifest, key: PageKey): void {
  manifest.transact((transaction) => {
    const row = transaction.page(key);
    if (row?.published === undefined) throw new Error(`no page ${key}`);
    transaction.record({ ...row, published: { ...row.published, bytes: row.published.bytes + 1 } }, []);
  });
}

/** A published page at `/<key>/`. */
export function recordOf(key: PageKey, change: Partial<PageRecord> = {}): PageRecord {
  const stamp = { epoch: 3, version: 10, time: 0 };
  return {
    key,
    published: { path: `/${key}/`, stamp, digest: digestOf(key), etag: `etag of ${key}`, bytes: 0 },
    verified: { epoch: 3, version: 10 },
    due: undefined,
    error: undefined,
    ...change,
  };
}

const page = (subject: Scalar | undefined, number = 1, route = "film"): PageKey => pageKey(route, subject, number);
const FILM = page("1");
const REF = entityRef("film", "1");
const entity = (fields: readonly string[] | "*", ref: RefHash = REF): Edge => ({
  ref,
  dependency: { kind: "entity", fields },
});
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

const flat = <T>(pieces: Iterable<readonly T[]>): readonly T[] => [...pieces].flat();

/** What every manifest does. `open` makes an empty one of its own. */
export function manifestContract(name: string, open: () => ManifestHarness): void {
  let harness: ManifestHarness;
  let manifest: Manifest;

  const use = (opened: ManifestHarness): void => {
    harness = opened;
    ({ manifest } = opened);
  };
  const record = (key: PageKey, edges: readonly Edge[] = [], change: Partial<PageRecord> = {}): void =>
    manifest.transact((transaction) => transaction.record(recordOf(key, change), edges));
  const fail = (key: PageKey, edges: readonly Edge[] = [], change: Partial<PageRecord> = {}): void =>
    manifest.transact((transaction) => transaction.recordFailure(recordOf(key, { error: "no", ...change }), edges));
  const rowOf = (key: PageKey): PageRow => {
    const row = manifest.page(key);
    if (row === undefined) throw new Error(`no row of ${key}`);
    return row;
  };
  const remove = (key: PageKey): void => manifest.transact((transaction) => transaction.remove(rowOf(key)));
  const dependantsOf = (ref: RefHash): readonly string[] =>
    [...manifest.dependants(ref)].map(({ key, dependency }) => `${key} ${JSON.stringify(dependency)}`).toSorted();

  beforeEach(() => use(open()));

  describe(`${name}: a row`, () => {
    test("is what was recorded", () => {
      const whole = recordOf(FILM, { due: 1_700_000_060, error: "a 🎬 failed" });
      manifest.transact((transaction) => transaction.record(whole, []));
      expect(manifest.page(FILM)).toEqual({ ...whole, id: expect.any(Number) });
      record(FILM, [], { published: undefined });
      expect(manifest.page(FILM)).toEqual({ ...recordOf(FILM, { published: undefined }), id: expect.any(Number) });
    });

    test("holds versions and times as large as they come", () => {
      const stamp = { epoch: 2 ** 31, version: Number.MAX_SAFE_INTEGER, time: 9_999_999_999 };
      const published = { path: "/é 🎬/", stamp, digest: digestOf("x"), etag: 'a"b', bytes: 5 << 20 };
      const verified = { epoch: 2 ** 31, version: Number.MAX_SAFE_INTEGER };
      record(FILM, [], { published, verified, due: 9_999_999_999 });
      expect(rowOf(FILM)).toMatchObject({ published, verified, due: 9_999_999_999 });
    });

    test("is none for a page that is unknown, or removed", () => {
      expect(manifest.page(FILM)).toBeUndefined();
      record(FILM);
      remove(FILM);
      expect(manifest.page(FILM)).toBeUndefined();
      expect(manifest.count()).toBe(0);
    });

    test("is one for each page, however often it is recorded", () => {
      record(FILM);
      record(FILM);
      fail(FILM);
      expect(manifest.count()).toBe(1);
      record(page("2"));
      expect(manifest.count()).toBe(2);
    });

    test("of a failure keeps what is published, and says why", () => {
      record(FILM);
      fail(FILM, [], { error: "film/1: no template", published: rowOf(FILM).published });
      expect(rowOf(FILM)).toMatchObject({ error: "film/1: no template", published: recordOf(FILM).published });
    });

    test("of a page with a key of a megabyte is found by it", () => {
      const keys = ["x", "y"].map((end) => page(`${"long".repeat(1 << 18)}${end}`));
      for (const key of keys) record(key);
      expect(keys.map((key) => rowOf(key).published?.path)).toEqual(keys.map((key) => `/${key}/`));
    });
  });

  describe(`${name}: dependencies`, () => {
    test("are found by their ref as they were recorded, whatever their kind", () => {
      const edges = EVERY_DEPENDENCY.map((dependency, n) => edge(entityRef("film", String(n)), dependency));
      record(FILM, edges);
      for (const { ref, dependency } of edges)
        expect([...manifest.dependants(ref)]).toEqual([{ key: FILM, dependency }]);
    });

    test("of one ref are those of all its pages, and several of one page", () => {
      record(FILM, [entity(["title"]), edge(REF, { kind: "values" })]);
      record(page("2"), [entity("*")]);
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
      record(page("2"), [entity("*")]);
      remove(FILM);
      expect(dependantsOf(REF)).toEqual(['film/2 {"kind":"entity","fields":"*"}']);
      record(FILM, []);
      expect(dependantsOf(REF)).toHaveLength(1);
    });

    test("tell whether a ref is used, and whether by a page that failed", () => {
      expect(manifest.useOf(REF)).toEqual({ isUsed: false, isUsedByFailed: false });
      record(FILM, [entity("*")]);
      expect(manifest.useOf(REF)).toEqual({ isUsed: true, isUsedByFailed: false });
      fail(page("2"), [entity("*")]);
      expect(manifest.useOf(REF)).toEqual({ isUsed: true, isUsedByFailed: true });
    });
  });

  describe(`${name}: what a build asks`, () => {
    const key = (route: string, subject?: Scalar, number = 1): PageKey => pageKey(route, subject, number);
    // Routes whose names are each other's beginnings, with every character that may come behind.
    const KEYS = [
      key("film"),
      key("film", undefined, 2),
      key("film", "1"),
      key("film", "1", 2),
      key("film", "1", 10),
      key("film", "10"),
      key("film", ""),
      key("film", "🎬"),
      key("film", 1),
      key("film", "1/2"),
      key("film-noir", "1"),
      key("film+", "1"),
      key("film.", undefined),
      key("film0"),
      key("film00"),
      key("film0", "1"),
      key("films", "1"),
      key("Film"),
      key("a"),
      key("f lm", "x"),
    ];

    test("the pages of a subject are its page 1 and those behind it", () => {
      for (const one of KEYS) record(one);
      const keysOf = (first: PageKey): readonly string[] =>
        manifest
          .pagesOf(first)
          .map((row) => row.key)
          .toSorted();
      expect(keysOf(key("film", "1"))).toEqual(["film/1", "film/1#10", "film/1#2"]);
      expect(keysOf(key("film", "10"))).toEqual(["film/10"]);
      expect(keysOf(key("film"))).toEqual(["film", "film#2"]);
      expect(keysOf(key("film", ""))).toEqual(["film/"]);
      expect(keysOf(key("film", "9"))).toEqual([]);
      expect(manifest.pagesOf(key("film", "1")).find((row) => row.key === "film/1")).toEqual(rowOf(key("film", "1")));
    });

    test("the keys of a route are those of its pages and of no other's", () => {
      for (const one of KEYS) record(one);
      const routes = new Map<string, PageKey[]>();
      for (const one of KEYS) {
        const route = decodeURIComponent(/^[^/#]*/.exec(one)?.[0] ?? "");
        routes.set(route, [...(routes.get(route) ?? []), one]);
      }
      for (const [route, keys] of routes)
        expect(flat(manifest.keysOf(route)).toSorted(), route).toEqual(keys.toSorted());
      expect(flat(manifest.keysOf("fil"))).toEqual([]);
    });

    test("the routes that have pages are each named once", () => {
      expect(manifest.routes()).toEqual([]);
      for (const one of KEYS) record(one);
      const routes = ["film", "film-noir", "film+", "film.", "film0", "film00", "films", "Film", "a", "f lm"];
      expect(manifest.routes().toSorted()).toEqual(routes.toSorted());
    });

    test.each([
      [
        ["film/1", "film0"],
        ["film", "film0"],
      ],
      [["film#2", "film$"], ["film"]],
      [
        ["page", "page#2", "page/=1", "page0/x"],
        ["page", "page0"],
      ],
    ])("the routes of %j are %j", (keys, routes) => {
      for (const one of keys.filter((text) => !text.includes("$"))) record(one as PageKey);
      expect(manifest.routes().toSorted()).toEqual(routes.toSorted());
    });

    test("unverified are pages without an error that aren't of the epoch, or are older", () => {
      record(page("same"), [], { verified: { epoch: 3, version: 10 } });
      record(page("newer"), [], { verified: { epoch: 3, version: 11 } });
      record(page("older"), [], { verified: { epoch: 3, version: 9 } });
      record(page("before"), [], { verified: { epoch: 2, version: 10 } });
      record(page("after"), [], { verified: { epoch: 4, version: 10 } });
      record(page("failed"), [], { verified: { epoch: 2, version: 9 }, error: "no" });
      record(key("other", "older"), [], { verified: { epoch: 3, version: 9 } });
      const unverified = flat(manifest.unverified("film", { epoch: 3, version: 10 }));
      expect(unverified.toSorted()).toEqual(["film/after", "film/before", "film/older"]);
    });

    test("failed or due are pages with an error, and those whose time has come", () => {
      record(page("fine"));
      record(page("later"), [], { due: 101 });
      record(page("now"), [], { due: 100 });
      record(page("before"), [], { due: 1 });
      fail(page("failed"));
      record(page("both"), [], { due: 1, error: "no" });
      expect(manifest.failedOrDue(100).toSorted()).toEqual(["film/before", "film/both", "film/failed", "film/now"]);
      record(page("failed"));
      expect(manifest.failedOrDue(0)).toEqual(["film/both"]);
    });

    test("stored are the pages that are published, each once, however many", () => {
      const keys = Array.from({ length: 1201 }, (_, n) => page(String(n)));
      manifest.transact((transaction) => {
        for (const one of keys) transaction.record(recordOf(one), []);
        transaction.record(recordOf(page("waits"), { published: undefined, error: "collides" }), []);
      });
      const stored = flat(manifest.stored());
      expect(stored.map((one) => one.key).toSorted()).toEqual(keys.toSorted());
      expect(stored[0]).toEqual({ key: "film/0", path: "/film/0/", etag: "etag of film/0" });
      expect(flat(manifest.keysOf("film"))).toHaveLength(1202);
      expect(new Set(flat(manifest.keysOf("film"))).size).toBe(1202);
    });

    test("what is handed out in pieces goes on though its rows change meanwhile", () => {
      manifest.transact((transaction) => {
        for (let n = 0; n < 1200; n++)
          transaction.record(recordOf(page(String(n)), { verified: { epoch: 1, version: 1 } }), []);
      });
      const seen: PageKey[] = [];
      for (const piece of manifest.unverified("film", { epoch: 3, version: 10 })) {
        seen.push(...piece);
        manifest.transact((transaction) => {
          for (const one of piece) transaction.record(recordOf(one), []);
        });
      }
      expect(new Set(seen).size).toBe(1200);
      expect(flat(manifest.unverified("film", { epoch: 3, version: 10 }))).toEqual([]);
    });

    test("colliding pages are those that claim one path, or a file and a folder of one name, though published", () => {
      const claims = (path: string, ...folders: string[]): readonly Edge[] => [
        edge(claimRef(path), { kind: "claim" }),
        ...folders.map((folder) => edge(claimRef(folder), { kind: "folder" })),
      ];
      record(page("alone"), claims("/alone"));
      record(page("one"), claims("/both"));
      record(page("two"), claims("/both"));
      record(page("file"), claims("/x.y"));
      record(page("below"), claims("/x.y/z", "/x.y"));
      record(page("beside"), claims("/a.b/1", "/a.b"));
      record(page("also"), claims("/a.b/2", "/a.b"));
      const colliding = new Set<string>(manifest.collidingPages());
      expect(colliding).toEqual(new Set(["film/one", "film/two", "film/file", "film/below"]));
    });
  });

  describe(`${name}: what was touched`, () => {
    const [a, b, c] = ["a", "b", "c"].map((id) => entityRef("film", id)) as [RefHash, RefHash, RefHash];
    const isTouched = (refs: readonly RefHash[], version: number): boolean =>
      manifest.transact((transaction) => transaction.isTouchedAbove(refs, version));
    const touch = (refs: readonly RefHash[], version: number): void =>
      manifest.transact((transaction) => transaction.touch(refs, version));

    test("is told above a version, for any of several refs", () => {
      expect(isTouched([a, b], 0)).toBe(false);
      touch([a, b], 10);
      expect(isTouched([a], 9)).toBe(true);
      expect(isTouched([a], 10)).toBe(false);
      expect(isTouched([c], 9)).toBe(false);
      expect(isTouched([c, b], 9)).toBe(true);
      expect(isTouched([], 0)).toBe(false);
    });

    test("keeps the newest version of each ref, in whatever order they come", () => {
      touch([a], 20);
      touch([a, b], 10);
      expect(isTouched([a], 19)).toBe(true);
      expect(isTouched([b], 10)).toBe(false);
      touch([b], 30);
      expect(isTouched([a], 20)).toBe(false);
      expect(isTouched([b], 29)).toBe(true);
    });

    test("outlives a closed manifest", () => {
      touch([a], 10);
      use(harness.reopen());
      expect(isTouched([a], 9)).toBe(true);
    });
  });

  describe(`${name}: a transaction`, () => {
    test("gives what its work gives, and sees what it wrote", () => {
      const seen = manifest.transact((transaction) => {
        transaction.record(recordOf(FILM), [entity("*")]);
        return [transaction.page(FILM)?.key, transaction.pagesOf(FILM).length, [...transaction.dependants(REF)].length];
      });
      expect(seen).toEqual([FILM, 1, 1]);
    });

    test("that throws leaves everything as it was, and the next one works", () => {
      record(FILM, [entity(["title"])]);
      const before = rowOf(FILM);
      const stop = new Error("stop");
      expect(() =>
        manifest.transact((transaction) => {
          transaction.record(recordOf(FILM, { error: "half" }), []);
          transaction.record(recordOf(page("2")), [entity("*")]);
          transaction.touch([REF], 99);
          transaction.remove(before);
          throw stop;
        }),
      ).toThrow(stop);
      expect(manifest.page(FILM)).toEqual(before);
      expect(manifest.page(page("2"))).toBeUndefined();
      expect(dependantsOf(REF)).toHaveLength(1);
      expect(manifest.transact((transaction) => transaction.isTouchedAbove([REF], 0))).toBe(false);
      record(page("3"));
      expect(manifest.count()).toBe(2);
    });

    test("is seen by other connections when it has ended, and not before", () => {
      using other = harness.connect();
      manifest.transact((transaction) => {
        transaction.record(recordOf(FILM), [entity("*")]);
        expect(other.page(FILM)).toBeUndefined();
        expect([...other.dependants(REF)]).toEqual([]);
      });
      expect(other.page(FILM)).toEqual(manifest.page(FILM));
      expect([...other.dependants(REF)]).toHaveLength(1);
      other.transact((transaction) => transaction.remove(rowOf(FILM)));
      expect(manifest.page(FILM)).toBeUndefined();
    });

    test("excludes every other writer: no count is lost", async () => {
      record(FILM);
      const elsewhere = [harness.countElsewhere(FILM, 100), harness.countElsewhere(FILM, 100)];
      for (let n = 0; n < 100; n++) countUp(manifest, FILM);
      await Promise.all(elsewhere);
      expect(rowOf(FILM).published?.bytes).toBe(300);
    });
  });

  describe(`${name}: a bulk load`, () => {
    test("adds rows, and answers like any other once it is finished", () => {
      manifest.beginBulk();
      manifest.transact((transaction) => {
        for (let n = 0; n < 1000; n++)
          transaction.record(recordOf(page(String(n))), [entity("*"), entity([], entityRef("film", String(n)))]);
      });
      manifest.finishBulk();
      expect(manifest.count()).toBe(1000);
      expect(rowOf(page("999"))).toEqual({ ...recordOf(page("999")), id: expect.any(Number) });
      expect(dependantsOf(REF)).toHaveLength(1001);
      record(page("999"), []);
      expect(manifest.count()).toBe(1000);
      expect(dependantsOf(entityRef("film", "999"))).toEqual([]);
      expect(dependantsOf(REF)).toHaveLength(1000);
    });

    test("is one for connections that were open before it and come after it", () => {
      using before = harness.connect();
      manifest.beginBulk();
      using after = harness.connect();
      for (const [n, connection] of [before, after].entries()) {
        connection.transact((transaction) => transaction.record(recordOf(page(String(n))), [entity("*")]));
      }
      manifest.finishBulk();
      expect(manifest.count()).toBe(2);
      before.transact((transaction) => transaction.record(recordOf(page("0")), []));
      expect(manifest.count()).toBe(2);
      expect(dependantsOf(REF)).toHaveLength(1);
    });

    test("that was cut short is finished after it is opened again", () => {
      manifest.beginBulk();
      record(page("1"), [entity("*")]);
      use(harness.reopen());
      expect(manifest.meta("bulk")).toBeDefined();
      manifest.finishBulk();
      expect(manifest.meta("bulk")).toBeUndefined();
      record(page("1"), []);
      expect(manifest.count()).toBe(1);
      expect(dependantsOf(REF)).toEqual([]);
    });
  });

  describe(`${name}: settings and copies`, () => {
    test("a setting is what it was set to last, and can be taken back", () => {
      expect(manifest.meta("complete")).toBeUndefined();
      manifest.setMeta("complete", "12");
      manifest.setMeta("complete", "13");
      manifest.setMeta("built:🎬", "");
      expect(manifest.meta("complete")).toBe("13");
      expect(manifest.meta("built:🎬")).toBe("");
      manifest.setMeta("complete", undefined);
      manifest.setMeta("complete", undefined);
      expect(manifest.meta("complete")).toBeUndefined();
    });

    test("copies of static files are put, replaced and removed by their object key", () => {
      const copy = (objectKey: string, digest = "d") => ({ objectKey, file: "site.css", digest, etag: "e" });
      expect(manifest.copiedFiles()).toEqual([]);
      manifest.setCopiedFiles([copy("site.css"), copy("site.1.css")], []);
      manifest.setCopiedFiles([copy("site.css", "d2"), copy("é 🎬.css")], ["site.1.css", "none.css"]);
      const byKey = manifest.copiedFiles().toSorted((left, right) => (left.objectKey < right.objectKey ? -1 : 1));
      expect(byKey).toEqual([copy("site.css", "d2"), copy("é 🎬.css")]);
    });
  });

  test(`${name}: keeps everything when it is closed and opened again`, () => {
    record(FILM, [entity(["title"])], { due: 100 });
    fail(page("2"), [edge(assetRef("site.css"), { kind: "asset" })]);
    manifest.setMeta("complete", "12");
    manifest.setCopiedFiles([{ objectKey: "site.css", file: "site.css", digest: "d", etag: "e" }], []);
    const rows = [rowOf(FILM), rowOf(page("2"))];
    use(harness.reopen());
    expect([rowOf(FILM), rowOf(page("2"))]).toEqual(rows);
    expect([...dependantsOf(REF), ...dependantsOf(assetRef("site.css"))]).toHaveLength(2);
    expect(manifest.meta("complete")).toBe("12");
    expect(manifest.copiedFiles()).toHaveLength(1);
    expect(manifest.failedOrDue(100).toSorted()).toEqual(["film/1", "film/2"]);
  });
}
