import { describe, expect, test } from "vitest";

import type { Dependency } from "../../src/core/dependency.ts";
import { pageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { Scalar } from "../../src/core/read.ts";
import { claimRef } from "../../src/core/ref.ts";
import type { RefHash } from "../../src/core/ref.ts";
import type { Edge } from "../../src/manifest/manifest.ts";
import { film, recordOf } from "./manifest-under-test.ts";
import type { ManifestUnderTest } from "./manifest-under-test.ts";

const edge = (ref: RefHash, dependency: Dependency): Edge => ({ ref, dependency });

const flat = <T>(pieces: Iterable<readonly T[]>): readonly T[] => [...pieces].flat();

/** What a build asks a manifest. */
export function manifestQueriesContract(name: string, under: ManifestUnderTest): void {
  const { record, fail, rowOf } = under;

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
        under.manifest
          .pagesOf(first)
          .map((row) => row.key)
          .toSorted();
      expect(keysOf(key("film", "1"))).toEqual(["film/1", "film/1#10", "film/1#2"]);
      expect(keysOf(key("film", "10"))).toEqual(["film/10"]);
      expect(keysOf(key("film"))).toEqual(["film", "film#2"]);
      expect(keysOf(key("film", ""))).toEqual(["film/"]);
      expect(keysOf(key("film", "9"))).toEqual([]);
      expect(under.manifest.pagesOf(key("film", "1")).find((row) => row.key === "film/1")).toEqual(
        rowOf(key("film", "1")),
      );
    });

    test("the keys of a route are those of its pages and of no other's", () => {
      for (const one of KEYS) record(one);
      const routes = new Map<string, PageKey[]>();
      for (const one of KEYS) {
        const route = decodeURIComponent(/^[^/#]*/.exec(one)?.[0] ?? "");
        routes.set(route, [...(routes.get(route) ?? []), one]);
      }
      for (const [route, keys] of routes)
        expect(flat(under.manifest.keysOf(route)).toSorted(), route).toEqual(keys.toSorted());
      expect(flat(under.manifest.keysOf("fil"))).toEqual([]);
    });

    test("the routes that have pages are each named once", () => {
      expect(under.manifest.routes()).toEqual([]);
      for (const one of KEYS) record(one);
      const routes = ["film", "film-noir", "film+", "film.", "film0", "film00", "films", "Film", "a", "f lm"];
      expect(under.manifest.routes().toSorted()).toEqual(routes.toSorted());
    });

    test.each([
      [
        ["film/1", "film0"],
        ["film", "film0"],
      ],
      [["film#2"], ["film"]],
      [
        ["page", "page#2", "page/=1", "page0/x"],
        ["page", "page0"],
      ],
    ])("the routes of %j are %j", (keys, routes) => {
      // Keys as `pageKey` makes them.
      for (const one of keys) record(one as PageKey);
      expect(under.manifest.routes().toSorted()).toEqual(routes.toSorted());
    });

    test("unverified are pages without an error that aren't of the epoch, or are older", () => {
      record(film("same"), [], { verified: { epoch: 3, version: 10 } });
      record(film("newer"), [], { verified: { epoch: 3, version: 11 } });
      record(film("older"), [], { verified: { epoch: 3, version: 9 } });
      record(film("before"), [], { verified: { epoch: 2, version: 10 } });
      record(film("after"), [], { verified: { epoch: 4, version: 10 } });
      record(film("failed"), [], { verified: { epoch: 2, version: 9 }, error: "no" });
      record(key("other", "older"), [], { verified: { epoch: 3, version: 9 } });
      const unverified = flat(under.manifest.unverified("film", { epoch: 3, version: 10 }));
      expect(unverified.toSorted()).toEqual(["film/after", "film/before", "film/older"]);
    });

    test("failed or due are pages with an error, and those whose time has come", () => {
      record(film("fine"));
      record(film("later"), [], { due: 101 });
      record(film("now"), [], { due: 100 });
      record(film("before"), [], { due: 1 });
      fail(film("failed"));
      record(film("both"), [], { due: 1, error: "no" });
      expect(under.manifest.failedOrDue(100).toSorted()).toEqual([
        "film/before",
        "film/both",
        "film/failed",
        "film/now",
      ]);
      record(film("failed"));
      expect(under.manifest.failedOrDue(0)).toEqual(["film/both"]);
    });

    test("states are counted by what is published, why pages are stale, and what is due", () => {
      const none = { published: 0, stale: { failed: 0, collided: 0, withheld: 0 }, due: 0, oldestSince: undefined };
      expect(under.manifest.states(100)).toEqual(none);
      record(film("fine"));
      record(film("later"), [], { due: 101 });
      expect(under.manifest.states(100)).toEqual({ ...none, published: 2 });
      record(film("now"), [], { due: 100 });
      record(film("before"), [], { due: 90 });
      fail(film("failed"), [], { stale: { kind: "failed", since: 80 } });
      fail(film("unknown"));
      fail(film("gone"), [], { stale: { kind: "withheld", since: 70 } });
      record(film("loser"), [], { published: undefined, error: "no", stale: { kind: "collided", since: 85 } });
      expect(under.manifest.states(100)).toEqual({
        published: 7,
        stale: { failed: 2, collided: 1, withheld: 1 },
        due: 2,
        oldestSince: 70,
      });
      record(film("gone"));
      expect(under.manifest.states(100)).toMatchObject({ stale: { withheld: 0 }, oldestSince: 80 });
      for (const fixed of ["failed", "unknown", "loser"]) record(film(fixed));
      expect(under.manifest.states(100)).toEqual({ ...none, published: 8, due: 2, oldestSince: 90 });
    });

    test("stale pages come with their errors, those that have had them longest first", () => {
      record(film("fine"), [], { stale: { kind: "failed", since: 1 } });
      fail(film("unknown"));
      fail(film("late"), [], { error: "late", stale: { kind: "failed", since: 90 } });
      fail(film("early"), [], { error: "early", stale: { kind: "withheld", since: 80 } });
      expect(under.manifest.stalePages(10)).toEqual([
        { key: "film/early", error: "early", stale: { kind: "withheld", since: 80 } },
        { key: "film/late", error: "late", stale: { kind: "failed", since: 90 } },
        { key: "film/unknown", error: "no", stale: undefined },
      ]);
      expect(under.manifest.stalePages(1).map(({ key }) => key)).toEqual(["film/early"]);
      // Without an error there is nothing to be stale for.
      expect(rowOf(film("fine")).stale).toBeUndefined();
      expect(rowOf(film("late")).stale).toEqual({ kind: "failed", since: 90 });
    });

    test("stored are the pages that are published, each once, however many", () => {
      const keys = Array.from({ length: 1201 }, (_, n) => film(String(n)));
      under.manifest.transact((transaction) => {
        for (const one of keys) transaction.record(recordOf(one), []);
        transaction.record(recordOf(film("waits"), { published: undefined, error: "collides" }), []);
      });
      const stored = flat(under.manifest.stored());
      expect(stored.map((one) => one.key).toSorted()).toEqual(keys.toSorted());
      expect(stored[0]).toEqual({ key: "film/0", path: "/film/0/", etag: "etag of film/0" });
      expect(flat(under.manifest.keysOf("film"))).toHaveLength(1202);
      expect(new Set(flat(under.manifest.keysOf("film"))).size).toBe(1202);
    });

    test("what is handed out in pieces goes on though its rows change meanwhile", () => {
      under.manifest.transact((transaction) => {
        for (let n = 0; n < 1200; n++)
          transaction.record(recordOf(film(String(n)), { verified: { epoch: 1, version: 1 } }), []);
      });
      const seen: PageKey[] = [];
      for (const piece of under.manifest.unverified("film", { epoch: 3, version: 10 })) {
        seen.push(...piece);
        under.manifest.transact((transaction) => {
          for (const one of piece) transaction.record(recordOf(one), []);
        });
      }
      expect(new Set(seen).size).toBe(1200);
      expect(flat(under.manifest.unverified("film", { epoch: 3, version: 10 }))).toEqual([]);
    });

    test("colliding pages are those that claim one path, or a file and a folder of one name, though published", () => {
      const claims = (path: string, ...folders: string[]): readonly Edge[] => [
        edge(claimRef(path), { kind: "claim" }),
        ...folders.map((folder) => edge(claimRef(folder), { kind: "folder" })),
      ];
      record(film("alone"), claims("/alone"));
      record(film("one"), claims("/both"));
      record(film("two"), claims("/both"));
      record(film("file"), claims("/x.y"));
      record(film("below"), claims("/x.y/z", "/x.y"));
      record(film("beside"), claims("/a.b/1", "/a.b"));
      record(film("also"), claims("/a.b/2", "/a.b"));
      const colliding = new Set<string>(under.manifest.collidingPages());
      expect(colliding).toEqual(new Set(["film/one", "film/two", "film/file", "film/below"]));
    });
  });
}
