import { describe, expect, test } from "vitest";

import type { SourceUnderTest } from "./source-under-test.ts";

/** How a source takes in what changed outside. */
export function sourceRefreshContract(name: string, under: SourceUnderTest): void {
  const { refresh, put, look, idsNow, changesSince } = under;

  describe(`${name}: a refresh`, () => {
    test("takes in what came, what changed and what went, and leaves the rest alone", async () => {
      await put({ id: "1", n: 1 }, { id: "2", n: 2 }, { id: "3", n: 3 });
      const version = under.source.version();
      const report = await put({ id: "2", n: 2 }, { id: "3", n: 33 }, { id: "4", n: 4 });
      expect(report).toMatchObject({ inserted: 1, updated: 1, deleted: 1, kept: 0, problemCount: 0 });
      expect(idsNow()).toEqual(["2", "3", "4"]);
      const changed = changesSince(version);
      expect(changed.map(({ id }) => id).toSorted()).toEqual(["1", "3", "4"]);
      expect(new Set(changed.map((change) => change.version))).toEqual(new Set([under.source.version()]));
    });

    test("keeps a record's data as it was given, all the way down", async () => {
      const film = { id: "1", deep: { list: [1, null, { ключ: ["\u2028", "🎬", "a\0b"] }], no: false }, zero: 0 };
      await put(film);
      const found = look((snapshot) => snapshot.get("film", "1")?.data);
      expect(found).toEqual(film);
    });

    test("that is told to stop takes in nothing, and the next one takes in all", async () => {
      await put({ id: "old", rating: 1 });
      const version = under.source.version();
      const many = Array.from({ length: 5000 }, (_, id) => ({ id: String(id), rating: id, genres: ["a"] }));
      under.harness.put("film", many);
      const controller = new AbortController();
      let told = 0;
      const stopped = under.source.refresh((records) => {
        told = records;
        controller.abort(new Error("stop"));
      }, controller.signal);
      await expect(stopped).rejects.toThrow();
      expect(told).toBeGreaterThan(0);
      expect(under.source.version()).toBe(version);
      expect(idsNow()).toEqual(["old"]);
      expect(look((snapshot) => snapshot.count("film", { genres: "a" }))).toBe(0);
      expect(changesSince(version)).toEqual([]);
      expect(await refresh()).toMatchObject({ inserted: 5000, deleted: 1 });
      expect(look((snapshot) => snapshot.count("film", { genres: "a" }))).toBe(5000);
    });

    test("that was told to stop before it began takes in nothing", async () => {
      await put({ id: "old" });
      under.harness.put("film", [{ id: "new" }]);
      const stopped = AbortSignal.abort(new Error("stop"));
      await expect(under.source.refresh(() => undefined, stopped)).rejects.toThrow();
      expect(idsNow()).toEqual(["old"]);
    });

    test("refuses a record that isn't an entity, says where, keeps its last good version, and takes the others", async () => {
      await put({ id: "1", n: 1 }, { id: "2", n: 2 });
      const report = await put({ id: "1", n: 11 }, { n: 2 }, { id: 3 }, null, ["id"], { id: "\uD800" });
      expect(report).toMatchObject({ inserted: 0, updated: 1, deleted: 0, kept: 1, problemCount: 5 });
      expect(report.problems).toHaveLength(5);
      for (const problem of report.problems) expect(problem).toMatchObject({ type: "film", place: expect.any(String) });
      expect(idsNow()).toEqual(["1", "2"]);
      expect(look((snapshot) => snapshot.get("film", "1")?.data)).toMatchObject({ n: 11 });
    });

    test("deletes nothing of a type of which a record can't be read, and what is due once all can", async () => {
      await put({ id: "1" }, { id: "2" });
      await put({ id: "1" }, { id: 3 });
      expect(idsNow()).toEqual(["1", "2"]);
      expect(await put({ id: "1" })).toMatchObject({ deleted: 1, problemCount: 0 });
      expect(idsNow()).toEqual(["1"]);
    });

    test("deletes nothing when nothing of a type is left, and says so", async () => {
      await put({ id: "1" }, { id: "2" });
      const version = under.source.version();
      expect(await put()).toMatchObject({ deleted: 0, kept: 2, problemCount: 1 });
      expect(idsNow()).toEqual(["1", "2"]);
      expect(under.source.version()).toBe(version);
    });

    test("has no problem with a type that never had an entity", async () => {
      expect(await put()).toMatchObject({ inserted: 1, kept: 0, problemCount: 0 });
    });

    test("takes the first of two records with one id and reports the other, each time", async () => {
      for (const round of [1, 2]) {
        const report = await put({ id: "1", n: "first" }, { id: "2" }, { id: "1", n: "second" });
        expect(report.problemCount, `round ${round}`).toBe(1);
        expect(report.problems[0]?.message).toContain('"1"');
        expect(look((snapshot) => snapshot.get("film", "1")?.data)).toMatchObject({ n: "first" });
      }
      expect(changesSince(under.source.version())).toEqual([]);
    });

    test.each([["\uD800"], ["x\uDC00"], ["\uDE00\uD83C"]])("refuses the id %j, half of a character", async (id) => {
      const report = await put({ id: "good" }, { id });
      expect(report).toMatchObject({ inserted: 2, problemCount: 1 });
      expect(idsNow()).toEqual(["good"]);
    });

    test("refuses half a character in an indexed field, and takes it in another", async () => {
      expect(await put({ id: "1", genres: ["a", "\uD800"] })).toMatchObject({ problemCount: 1 });
      expect(await put({ id: "1", title: "\uD800" })).toMatchObject({ problemCount: 0 });
      expect(look((snapshot) => snapshot.get("film", "1")?.data)).toEqual({ id: "1", title: "\uD800" });
    });
  });
}
