import { describe, expect, test } from "vitest";

import { DRIFTS_KEPT_MAX } from "../../src/manifest/sweep-state.ts";
import type { SweepSlice } from "../../src/manifest/sweep-state.ts";
import { entity, film, FILM, recordOf, REF } from "./manifest-under-test.ts";
import type { ManifestUnderTest } from "./manifest-under-test.ts";

const NOW = 1_800_000_000;
const WHOLE = { route: "film", after: "", upTo: undefined, swept: 100, rounds: 0, holder: undefined, leaseUntil: 0 };

/** What a manifest keeps for sweeps. */
export function manifestSweepContract(name: string, under: ManifestUnderTest): void {
  describe(`${name}: slices`, () => {
    const add = (change: Partial<SweepSlice> = {}): number =>
      under.manifest.transact(() => under.manifest.sweep.addSlice({ ...WHOLE, ...change }));

    test("come back as they were put, and the one that was swept longest ago comes first", () => {
      const id = add();
      const other = add({ swept: 50, after: '"a"', upTo: '"b"' });
      expect(under.manifest.sweep.slice(id)).toEqual({ id, ...WHOLE });
      expect(under.manifest.sweep.oldestFree("film", NOW)?.id).toBe(other);
      expect(under.manifest.sweep.sweeps(NOW)).toEqual([{ route: "film", slices: 2, oldest: 50, oldestFree: 50 }]);
      under.manifest.sweep.putSlice({ id: other, ...WHOLE, swept: 200 });
      expect(under.manifest.sweep.oldestFree("film", NOW)?.id).toBe(id);
    });

    test("that somebody holds aren't free until the lease ends, and count as old all the same", () => {
      add({ holder: "me", leaseUntil: NOW + 10 });
      expect(under.manifest.sweep.oldestFree("film", NOW)).toBeUndefined();
      expect(under.manifest.sweep.sweeps(NOW)).toEqual([
        { route: "film", slices: 1, oldest: 100, oldestFree: undefined },
      ]);
      expect(under.manifest.sweep.oldestFree("film", NOW + 10)).toBeDefined();
    });

    test("of a clock that was a year ahead are held by nobody, and were never swept", () => {
      const year = 365 * 86_400;
      add({ holder: "ahead", leaseUntil: NOW + year, swept: NOW + year });
      expect(under.manifest.sweep.sweeps(NOW)).toEqual([{ route: "film", slices: 1, oldest: 0, oldestFree: 0 }]);
    });

    test("are held back to a time, and no further", () => {
      const [old, newer] = [add({ swept: 50 }), add({ swept: 200 })];
      under.manifest.transact(() => under.manifest.sweep.holdBack(120));
      expect([old, newer].map((id) => under.manifest.sweep.slice(id)?.swept)).toEqual([50, 120]);
    });

    test("of a route go together", () => {
      add();
      add({ route: "genre" });
      under.manifest.sweep.removeSlices("film");
      expect(under.manifest.sweep.sweeps(NOW).map(({ route }) => route)).toEqual(["genre"]);
    });
  });

  describe(`${name}: drift`, () => {
    test("is found by time, by page and by cause, the newest first, and doesn't grow without end", () => {
      const { sweep } = under.manifest;
      under.manifest.transact(() => {
        for (let at = 1; at <= DRIFTS_KEPT_MAX; at++)
          sweep.noteDrift({ key: film("2"), at, cause: "store", detail: "" });
        sweep.noteDrift({ key: FILM, at: DRIFTS_KEPT_MAX + 1, cause: "event-lost", detail: "film:1" });
      });
      expect(sweep.drifts(0, 2).map(({ key }) => key)).toEqual([FILM, film("2")]);
      expect(sweep.driftsOf(FILM)).toEqual([
        { key: FILM, at: DRIFTS_KEPT_MAX + 1, cause: "event-lost", detail: "film:1" },
      ]);
      expect(sweep.driftCounts(DRIFTS_KEPT_MAX)).toMatchObject({ "event-lost": 1, store: 1 });
    });
  });

  describe(`${name}: verification`, () => {
    test("is raised for a row that is still the same, and for no other", () => {
      under.record(FILM);
      const row = under.rowOf(FILM);
      const verify = (): boolean =>
        under.manifest.transact((transaction) => transaction.verify(row, { epoch: 3, version: 20 }));
      expect(verify()).toBe(true);
      expect(under.rowOf(FILM).verified).toEqual({ epoch: 3, version: 20 });
      expect(verify()).toBe(false);
      under.fail(FILM);
      const failed = under.rowOf(FILM);
      expect(under.manifest.transact((transaction) => transaction.verify(failed, { epoch: 3, version: 30 }))).toBe(
        false,
      );
    });

    test("tells which pages are behind a version, those with an error too", () => {
      under.record(FILM);
      under.record(film("2"), [], { verified: { epoch: 3, version: 30 } });
      under.fail(film("3"));
      expect([...under.manifest.behind("film", 20)].flat()).toEqual([FILM, film("3")]);
    });

    test("knows what a page reads, and which pages are due, the longest first", () => {
      under.record(FILM, [entity(["title"])], { due: 20 });
      under.record(film("2"), [], { due: 10 });
      under.record(film("3"), [], recordOf(film("3"), { due: 31 }));
      expect(under.manifest.edgesOf(FILM)).toEqual([{ ref: REF, dependency: { kind: "entity", fields: ["title"] } }]);
      expect(under.manifest.edgesOf(film("9"))).toEqual([]);
      expect(under.manifest.due(30, 10)).toEqual([film("2"), FILM]);
      expect(under.manifest.due(30, 1)).toEqual([film("2")]);
    });
  });
}
