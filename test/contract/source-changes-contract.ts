import { describe, expect, test } from "vitest";

import type { EntityChange } from "../../src/core/change.ts";
import { INDEX } from "./source-under-test.ts";
import type { SourceUnderTest } from "./source-under-test.ts";

const plain = (change: EntityChange | undefined): unknown => JSON.parse(JSON.stringify(change ?? null));

/** What a source tells of what changed. */
export function sourceChangesContract(name: string, under: SourceUnderTest): void {
  const { use, refresh, put, look, changesSince } = under;

  describe(`${name}: changes`, () => {
    test("of one entity come in one: newest version, all fields, each of the values before", async () => {
      await put({ id: "1", title: "a", genres: ["x"], rating: 1 }, { id: "2" });
      const version = under.source.version();
      await put({ id: "1", title: "b", genres: ["x"], rating: 1 }, { id: "2" });
      await put({ id: "1", title: "b", genres: ["y"], rating: 1 }, { id: "2" });
      await put({ id: "1", title: "b", genres: ["y"] }, { id: "2" });
      const changes = changesSince(version);
      expect(changes).toHaveLength(1);
      expect(changes[0]?.fields?.toSorted()).toEqual(["genres", "rating", "title"]);
      expect(plain(changes[0])).toMatchObject({
        type: "film",
        id: "1",
        version: under.source.version(),
        before: [
          { id: "1", fields: { genres: ["x"], rating: 1, flag: null } },
          { id: "1", fields: { genres: ["y"], rating: 1, flag: null } },
        ],
      });
    });

    test("tell of what came and went, each of which counts as all fields", async () => {
      await put({ id: "1" });
      const version = under.source.version();
      await put({ id: "1" }, { id: "2", rating: 2 });
      expect(plain(changesSince(version)[0])).toEqual({
        type: "film",
        id: "2",
        version: under.source.version(),
        before: [null],
      });
      const between = under.source.version();
      await put({ id: "1" });
      expect(plain(changesSince(between)[0])).toMatchObject({ id: "2", before: [{ fields: { rating: 2 } }] });
      expect(changesSince(between)[0]?.fields).toBeUndefined();
      expect(plain(changesSince(version)[0])).toMatchObject({
        id: "2",
        before: [null, { fields: { rating: 2 } }],
      });
    });

    test("tell of an entity that went and came back", async () => {
      await put({ id: "1" }, { id: "2", rating: 2 });
      const version = under.source.version();
      await put({ id: "1" });
      await put({ id: "1" }, { id: "2", rating: 2 });
      const [change] = changesSince(version);
      expect(change?.fields).toBeUndefined();
      expect(plain(change)).toMatchObject({ id: "2", before: [{ fields: { rating: 2 } }, null] });
    });

    test("tell of two types that have one id apart", async () => {
      await put({ id: "1" });
      const version = under.source.version();
      under.harness.put("person", [{ id: "p" }, { id: "1" }]);
      await put({ id: "1", n: 1 });
      expect(
        changesSince(version)
          .map(({ type, id }) => `${type} ${id}`)
          .toSorted(),
      ).toEqual(["film 1", "person 1"]);
    });

    test("are none since the newest version, and not known since before they were forgotten", async () => {
      await put({ id: "1", n: 1 });
      const first = under.source.version();
      await put({ id: "1", n: 2 });
      const second = under.source.version();
      await put({ id: "1", n: 3 });
      expect(changesSince(under.source.version())).toEqual([]);
      under.source.forgetChanges(second);
      expect(under.source.changesSince(first)).toBeUndefined();
      expect(changesSince(second)).toHaveLength(1);
      under.source.forgetChanges(first);
      expect(changesSince(second)).toHaveLength(1);
    });

    test("aren't known across a raised version", async () => {
      await put({ id: "1", n: 1 });
      const version = under.source.version();
      under.source.raiseVersion(version);
      expect(under.source.changesSince(version)).toBeUndefined();
      expect(changesSince(under.source.version())).toEqual([]);
    });
  });

  describe(`${name}: other indexed fields`, () => {
    test("keep the entities, and make the changes before unknown", async () => {
      await put({ id: "1", title: "b", rating: 1, genres: ["x"] }, { id: "2", title: "a", rating: 2, genres: ["x"] });
      const version = under.source.version();
      use(under.harness.reopen({ film: ["title", "genres"], person: [] }));
      await put({ id: "1", title: "b", rating: 1, genres: ["x"] }, { id: "2", title: "a", rating: 2, genres: ["x"] });
      look((snapshot) => {
        expect(
          snapshot.list("film", { genres: "x" }, [{ field: "title", descending: false }], 0, 9).map(({ id }) => id),
        ).toEqual(["2", "1"]);
        expect(() => snapshot.count("film", { rating: 1 })).toThrow(
          expect.objectContaining({ code: "field-not-indexed" }),
        );
      });
      expect(under.source.changesSince(version)).toBeUndefined();
      const later = under.source.version();
      await put({ id: "1", title: "c", rating: 1, genres: ["x"] }, { id: "2", title: "a", rating: 2, genres: ["x"] });
      expect(plain(changesSince(later)[0])).toMatchObject({
        id: "1",
        fields: ["title"],
        before: [{ fields: { title: "b", genres: ["x"] } }],
      });
    });

    test("keep the entities also when nothing can be read just then", async () => {
      await put({ id: "1", title: "b" }, { id: "2", title: "a" });
      use(under.harness.reopen({ film: ["title"], person: [] }));
      await put();
      look((snapshot) => {
        expect(snapshot.list("film", {}, [{ field: "title", descending: false }], 0, 9).map(({ id }) => id)).toEqual([
          "2",
          "1",
        ]);
      });
    });

    test("the same as before leave everything as it is", async () => {
      await put({ id: "1", rating: 1 });
      const version = under.source.version();
      use(under.harness.reopen(INDEX));
      await refresh();
      expect(under.source.version()).toBe(version);
      expect(changesSince(version)).toEqual([]);
      expect(look((snapshot) => snapshot.count("film", { rating: 1 }))).toBe(1);
    });
  });
}
