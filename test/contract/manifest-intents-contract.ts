import { describe, expect, test } from "vitest";

import { entityRef } from "../../src/core/ref.ts";
import { entity, film, FILM, REF } from "./manifest-under-test.ts";
import type { ManifestUnderTest } from "./manifest-under-test.ts";

const OTHER = entityRef("film", "2");

/** What a manifest keeps of presses whose bytes are on their way. */
export function manifestIntentsContract(name: string, under: ManifestUnderTest): void {
  const { use, record, remove, rowOf, dependantsOf } = under;
  const intend = (press: string, version: number, ref = REF, key = FILM): void =>
    under.manifest.transact((transaction) =>
      transaction.intend(key, press, version, `/${press}/`, [entity(["title"], ref)]),
    );
  const settle = (press: string, version: number): void =>
    under.manifest.transact((transaction) => transaction.settleIntents(FILM, press, version));
  const shown = (): readonly string[] => dependantsOf(REF);
  const TITLE = `${FILM} {"kind":"entity","fields":["title"]}`;

  describe(`${name}: what a press intends`, () => {
    test("leads to its page, which is there and not published", () => {
      intend("a", 10);
      expect(shown()).toEqual([TITLE]);
      expect(rowOf(FILM)).toMatchObject({ published: undefined, error: undefined, verified: { epoch: 0, version: 0 } });
      expect(under.manifest.count()).toBe(0);
    });

    test("stands beside what is recorded, until it is settled", () => {
      record(FILM, [entity(["slug"])]);
      const before = rowOf(FILM);
      intend("a", 11);
      expect(shown()).toEqual([`${FILM} {"kind":"entity","fields":["slug"]}`, TITLE]);
      expect(rowOf(FILM)).toEqual(before);
      settle("a", 11);
      expect(shown()).toEqual([`${FILM} {"kind":"entity","fields":["slug"]}`]);
    });

    test("outlives a record of an older press, and goes with that of a newer one", () => {
      intend("late", 20);
      intend("other", 20, OTHER);
      record(FILM, []);
      settle("early", 10);
      expect(shown()).toEqual([TITLE]);
      settle("other", 20);
      expect(shown()).toEqual([TITLE]);
      expect(dependantsOf(OTHER)).toEqual([]);
      settle("newer", 21);
      expect(shown()).toEqual([]);
    });

    test("of one press is what it intended last", () => {
      intend("a", 10, OTHER);
      intend("a", 11, REF);
      expect([dependantsOf(OTHER), shown()]).toEqual([[], [TITLE]]);
    });

    test("is told with where it is to be put, each path once", () => {
      expect(under.manifest.intendedPaths(FILM)).toEqual([]);
      intend("b", 10);
      intend("a", 11);
      intend("a", 12);
      expect(under.manifest.intendedPaths(FILM)).toEqual(["/a/", "/b/"]);
      settle("b", 9);
      expect(under.manifest.intendedPaths(FILM)).toEqual(["/a/"]);
    });

    test("is told with its newest version", () => {
      expect(under.manifest.newestIntent(FILM)).toBe(0);
      intend("a", 11);
      intend("b", 10);
      expect(under.manifest.newestIntent(FILM)).toBe(11);
      expect(under.manifest.newestIntent(film("9"))).toBe(0);
    });

    test("of other pages is theirs", () => {
      intend("a", 10);
      intend("a", 10, REF, film("9"));
      settle("a", 10);
      expect(shown()).toEqual([TITLE.replace(FILM, film("9"))]);
    });

    test("goes with the page", () => {
      record(FILM);
      intend("a", 11);
      remove(FILM);
      record(FILM);
      expect(shown()).toEqual([]);
    });

    test("is found in an index that is made anew, and after the manifest was closed", () => {
      record(film("9"), [entity("*", OTHER)]);
      under.manifest.finishBulk();
      intend("a", 10);
      under.manifest.finishBulk();
      expect(shown()).toEqual([TITLE]);
      use(under.harness.reopen());
      expect(shown()).toEqual([TITLE]);
    });
  });
}
