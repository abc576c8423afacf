import { describe, expect, test } from "vitest";

import type { LeftPath } from "../../src/manifest/left-paths.ts";
import { film, FILM } from "./manifest-under-test.ts";
import type { ManifestUnderTest } from "./manifest-under-test.ts";

const leftOf = (path: string, change: Partial<LeftPath> = {}): LeftPath => ({
  collisionKey: path.replace(/(.)\/$/, "$1").toLowerCase(),
  path,
  key: FILM,
  kind: "redirect",
  version: 10,
  since: 100,
  expires: 200,
  ...change,
});

const pathsOf = (pieces: Iterable<readonly LeftPath[]>): readonly string[] =>
  [...pieces]
    .flat()
    .map(({ path }) => path)
    .toSorted();

/** What a manifest keeps of paths that pages have left. */
export function manifestLeftPathsContract(name: string, under: ManifestUnderTest): void {
  const put = (...lefts: readonly LeftPath[]): void =>
    under.manifest.transact((transaction) => {
      for (const left of lefts) transaction.left.put(left);
    });

  describe(`${name}: a path that was left`, () => {
    test("is what was put last at its collision key, until it is removed", () => {
      expect(under.manifest.left.at("/films/alien")).toBeUndefined();
      put(leftOf("/films/alien/", { kind: "handover" }));
      const last = leftOf("/films/ALIEN/", {
        key: film("é 🎬"),
        kind: "tombstone",
        version: Number.MAX_SAFE_INTEGER,
        since: 0,
        expires: 9_999_999_999,
      });
      put(last);
      expect(under.manifest.left.at("/films/alien")).toEqual(last);
      expect(under.manifest.left.at("/films/ALIEN")).toBeUndefined();
      under.manifest.transact((transaction) => {
        transaction.left.remove("/films/alien");
        transaction.left.remove("/none");
        expect(transaction.left.at("/films/alien")).toBeUndefined();
      });
      expect(pathsOf(under.manifest.left.all())).toEqual([]);
    });

    test("is found below a folder, and not beside it", () => {
      put(
        ...["/x.y", "/x.y/", "/x.y/a/", "/x.y/b/c.html", "/x.y0/a/", "/x.y./a/", "/x.yz/"].map((path) => leftOf(path)),
      );
      expect(pathsOf([under.manifest.left.below("/x.y")])).toEqual(["/x.y/a/", "/x.y/b/c.html"]);
      expect(under.manifest.left.below("/none")).toEqual([]);
    });

    test("is found by the page that left it", () => {
      put(leftOf("/a/"), leftOf("/b/", { key: film("2") }), leftOf("/c/"));
      expect(pathsOf([under.manifest.left.of(FILM)])).toEqual(["/a/", "/c/"]);
      expect(under.manifest.left.of(film("3"))).toEqual([]);
    });

    test("is unsettled as a handover that is old enough, and as anything that has expired", () => {
      put(
        leftOf("/handed/", { kind: "handover", since: 50, expires: 900 }),
        leftOf("/handed-now/", { kind: "handover", since: 51, expires: 900 }),
        leftOf("/redirect/", { since: 1, expires: 501 }),
        leftOf("/old-redirect/", { expires: 500 }),
        leftOf("/old-tombstone/", { kind: "tombstone", expires: 500 }),
        leftOf("/tombstone/", { kind: "tombstone", expires: 501 }),
      );
      const unsettled = ["/handed/", "/old-redirect/", "/old-tombstone/"];
      expect(pathsOf(under.manifest.left.unsettled(50, 500))).toEqual(unsettled);
    });

    test("is handed out in pieces that go on though they are removed meanwhile", () => {
      put(...Array.from({ length: 1201 }, (_, n) => leftOf(`/${n}/`, { kind: "handover" })));
      for (const pieces of [under.manifest.left.all(), under.manifest.left.unsettled(1000, 0)]) {
        let seen = 0;
        for (const piece of pieces) {
          seen += piece.length;
          under.manifest.transact((transaction) => {
            for (const left of piece) {
              transaction.left.remove(left.collisionKey);
              transaction.left.put({ ...left, version: 11 });
            }
          });
        }
        expect(seen).toBe(1201);
      }
    });

    test("is put and removed in the transaction that it belongs to", () => {
      put(leftOf("/a/"));
      const stop = new Error("stop");
      expect(() =>
        under.manifest.transact((transaction) => {
          transaction.left.put(leftOf("/b/"));
          transaction.left.remove("/a");
          throw stop;
        }),
      ).toThrow(stop);
      expect(pathsOf(under.manifest.left.all())).toEqual(["/a/"]);
    });
  });
}
