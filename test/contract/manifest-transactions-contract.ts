import { describe, expect, test } from "vitest";

import type { Dependency } from "../../src/core/dependency.ts";
import { assetRef, entityRef } from "../../src/core/ref.ts";
import type { RefHash } from "../../src/core/ref.ts";
import type { Edge } from "../../src/manifest/manifest.ts";
import { countUp } from "./count-up.ts";
import { entity, film, FILM, recordOf, REF } from "./manifest-under-test.ts";
import type { ManifestUnderTest } from "./manifest-under-test.ts";

const edge = (ref: RefHash, dependency: Dependency): Edge => ({ ref, dependency });

/** How a manifest is written to. */
export function manifestTransactionsContract(name: string, under: ManifestUnderTest): void {
  const { use, record, fail, rowOf, dependantsOf } = under;

  describe(`${name}: what was touched`, () => {
    const [a, b, c] = ["a", "b", "c"].map((id) => entityRef("film", id)) as [RefHash, RefHash, RefHash];
    const isTouched = (refs: readonly RefHash[], version: number): boolean =>
      under.manifest.transact((transaction) => transaction.isTouchedAbove(refs, version));
    const touch = (refs: readonly RefHash[], version: number): void =>
      under.manifest.transact((transaction) => transaction.touch(refs, version));

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
      use(under.harness.reopen());
      expect(isTouched([a], 9)).toBe(true);
    });
  });

  describe(`${name}: a transaction`, () => {
    test("gives what its work gives, and sees what it wrote", () => {
      const seen = under.manifest.transact((transaction) => {
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
        under.manifest.transact((transaction) => {
          transaction.record(recordOf(FILM, { error: "half" }), []);
          transaction.record(recordOf(film("2")), [entity("*")]);
          transaction.touch([REF], 99);
          transaction.remove(before);
          throw stop;
        }),
      ).toThrow(stop);
      expect(under.manifest.page(FILM)).toEqual(before);
      expect(under.manifest.page(film("2"))).toBeUndefined();
      expect(dependantsOf(REF)).toHaveLength(1);
      expect(under.manifest.transact((transaction) => transaction.isTouchedAbove([REF], 0))).toBe(false);
      record(film("3"));
      expect(under.manifest.count()).toBe(2);
    });

    test("is seen by other connections when it has ended, and not before", () => {
      using other = under.harness.connect();
      under.manifest.transact((transaction) => {
        transaction.record(recordOf(FILM), [entity("*")]);
        expect(other.page(FILM)).toBeUndefined();
        expect([...other.dependants(REF)]).toEqual([]);
      });
      expect(other.page(FILM)).toEqual(under.manifest.page(FILM));
      expect([...other.dependants(REF)]).toHaveLength(1);
      other.transact((transaction) => transaction.remove(rowOf(FILM)));
      expect(under.manifest.page(FILM)).toBeUndefined();
    });

    test("excludes every other writer: no count is lost", async () => {
      record(FILM);
      const elsewhere = [under.harness.countElsewhere(FILM, 100), under.harness.countElsewhere(FILM, 100)];
      for (let n = 0; n < 100; n++) countUp(under.manifest, FILM);
      await Promise.all(elsewhere);
      expect(rowOf(FILM).published?.bytes).toBe(300);
    });
  });

  describe(`${name}: a bulk load`, () => {
    test("adds rows, and answers like any other once it is finished", () => {
      under.manifest.beginBulk();
      under.manifest.transact((transaction) => {
        for (let n = 0; n < 1000; n++)
          transaction.record(recordOf(film(String(n))), [entity("*"), entity([], entityRef("film", String(n)))]);
      });
      under.manifest.finishBulk();
      expect(under.manifest.count()).toBe(1000);
      expect(rowOf(film("999"))).toEqual({ ...recordOf(film("999")), id: expect.any(Number) });
      expect(dependantsOf(REF)).toHaveLength(1001);
      record(film("999"), []);
      expect(under.manifest.count()).toBe(1000);
      expect(dependantsOf(entityRef("film", "999"))).toEqual([]);
      expect(dependantsOf(REF)).toHaveLength(1000);
    });

    test("is one for connections that were open before it and come after it", () => {
      using before = under.harness.connect();
      under.manifest.beginBulk();
      using after = under.harness.connect();
      for (const [n, connection] of [before, after].entries()) {
        connection.transact((transaction) => transaction.record(recordOf(film(String(n))), [entity("*")]));
      }
      under.manifest.finishBulk();
      expect(under.manifest.count()).toBe(2);
      before.transact((transaction) => transaction.record(recordOf(film("0")), []));
      expect(under.manifest.count()).toBe(2);
      expect(dependantsOf(REF)).toHaveLength(1);
    });

    test("that was cut short is finished after it is opened again", () => {
      under.manifest.beginBulk();
      record(film("1"), [entity("*")]);
      use(under.harness.reopen());
      expect(under.manifest.meta("bulk")).toBeDefined();
      under.manifest.finishBulk();
      expect(under.manifest.meta("bulk")).toBeUndefined();
      record(film("1"), []);
      expect(under.manifest.count()).toBe(1);
      expect(dependantsOf(REF)).toEqual([]);
    });
  });

  describe(`${name}: settings and copies`, () => {
    test("a setting is what it was set to last, and can be taken back", () => {
      expect(under.manifest.meta("complete")).toBeUndefined();
      under.manifest.setMeta("complete", "12");
      under.manifest.setMeta("complete", "13");
      under.manifest.setMeta("built:🎬", "");
      expect(under.manifest.meta("complete")).toBe("13");
      expect(under.manifest.meta("built:🎬")).toBe("");
      under.manifest.setMeta("complete", undefined);
      under.manifest.setMeta("complete", undefined);
      expect(under.manifest.meta("complete")).toBeUndefined();
    });

    test("copies of static files are put, replaced and removed by their object key", () => {
      const copy = (objectKey: string, digest = "d") => ({ objectKey, file: "site.css", digest, etag: "e" });
      expect(under.manifest.copiedFiles()).toEqual([]);
      under.manifest.setCopiedFiles([copy("site.css"), copy("site.1.css")], []);
      under.manifest.setCopiedFiles([copy("site.css", "d2"), copy("é 🎬.css")], ["site.1.css", "none.css"]);
      const byKey = under.manifest.copiedFiles().toSorted((left, right) => (left.objectKey < right.objectKey ? -1 : 1));
      expect(byKey).toEqual([copy("site.css", "d2"), copy("é 🎬.css")]);
    });
  });

  test(`${name}: keeps everything when it is closed and opened again`, () => {
    record(FILM, [entity(["title"])], { due: 100 });
    fail(film("2"), [edge(assetRef("site.css"), { kind: "asset" })]);
    under.manifest.setMeta("complete", "12");
    under.manifest.setCopiedFiles([{ objectKey: "site.css", file: "site.css", digest: "d", etag: "e" }], []);
    const rows = [rowOf(FILM), rowOf(film("2"))];
    use(under.harness.reopen());
    expect([rowOf(FILM), rowOf(film("2"))]).toEqual(rows);
    expect([...dependantsOf(REF), ...dependantsOf(assetRef("site.css"))]).toHaveLength(2);
    expect(under.manifest.meta("complete")).toBe("12");
    expect(under.manifest.copiedFiles()).toHaveLength(1);
    expect(under.manifest.failedOrDue(100).toSorted()).toEqual(["film/1", "film/2"]);
  });
}
