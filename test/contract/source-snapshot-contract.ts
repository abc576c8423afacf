import { describe, expect, test } from "vitest";

import { EntityListModel } from "./entity-model.ts";
import type { SourceUnderTest } from "./source-under-test.ts";

/** Ids and texts that something between the record and the page could take for something else. */
const HARD_TEXTS = [
  "",
  "constructor",
  "__proto__",
  "toString",
  "24/7",
  "../../etc/passwd",
  "film/42#2",
  "a\0b",
  "\0",
  "🎬",
  "\uFFFF",
  "\uFEFFx",
  "é",
  "e\u0301",
  " ",
  "%2F",
  "'; DROP TABLE e1; --",
  "null",
  "1",
  `${"long".repeat(1 << 18)}x`,
  `${"long".repeat(1 << 18)}y`,
];

/** What a snapshot of a source answers. */
export function sourceSnapshotContract(name: string, under: SourceUnderTest): void {
  const { use, put, look, idsNow, changesSince } = under;

  describe(`${name}: a snapshot`, () => {
    test("doesn't see a later refresh; the reader's next one does", async () => {
      await put({ id: "1", rating: 1 }, { id: "2", rating: 2 });
      using reader = under.source.reader();
      const snapshot = reader.snapshot();
      const { version } = snapshot;
      await put({ id: "2", rating: 22 }, { id: "3", rating: 3 });
      expect(snapshot.version).toBe(version);
      expect(snapshot.ids("film", undefined, 10)).toEqual(["1", "2"]);
      expect(snapshot.get("film", "2")?.data).toMatchObject({ rating: 2 });
      expect(snapshot.get("film", "3")).toBeUndefined();
      expect(snapshot.count("film", {})).toBe(2);
      expect(snapshot.has("film", "rating", 3)).toBe(false);
      expect(snapshot.values("film", "rating").map(({ value }) => value)).toEqual([1, 2]);
      expect(snapshot.list("film", {}, [{ field: "rating", descending: true }], 0, 9).map(({ id }) => id)).toEqual([
        "2",
        "1",
      ]);
      const next = reader.snapshot();
      expect(next.version).toBe(under.source.version());
      expect(next.get("film", "1")).toBeUndefined();
      expect(next.get("film", "2")?.data).toMatchObject({ rating: 22 });
      expect(next.list("film", {}, [{ field: "rating", descending: true }], 0, 9).map(({ id }) => id)).toEqual([
        "2",
        "3",
      ]);
      expect(next.distinct("film", "rating", undefined, 9)).toEqual([3, 22]);
    });

    test("of one reader doesn't depend on another's", async () => {
      await put({ id: "1" });
      using early = under.source.reader();
      const old = early.snapshot();
      await put({ id: "1" }, { id: "2" });
      using late = under.source.reader();
      expect(late.snapshot().count("film", {})).toBe(2);
      expect(old.count("film", {})).toBe(1);
    });

    test("hands out an entity whose id is known and whose data is read when it is asked for", async () => {
      await put({ id: "1", deep: { list: [{ a: 1 }] } });
      look((snapshot) => {
        const film = snapshot.get("film", "1");
        const [row] = snapshot.list("film", {}, [], 0, 1);
        expect([film?.id, row?.id]).toEqual(["1", "1"]);
        expect(film?.data).toEqual({ id: "1", deep: { list: [{ a: 1 }] } });
        expect(row?.data).toBe(film?.data);
      });
    });

    test("refuses types that aren't declared and fields that aren't indexed, and says what to add", async () => {
      await put({ id: "1" });
      look((snapshot) => {
        expect(() => snapshot.get("flim", "1")).toThrow(expect.objectContaining({ code: "type-unknown" }));
        for (const ask of [
          () => snapshot.list("film", { title: "x" }, [], 0, 1),
          () => snapshot.list("film", {}, [{ field: "title", descending: false }], 0, 1),
          () => snapshot.count("film", { title: "x" }),
          () => snapshot.values("film", "title"),
          () => snapshot.distinct("film", "title", undefined, 1),
          () => snapshot.has("film", "title", "x"),
        ]) {
          expect(ask).toThrow(
            expect.objectContaining({ code: "field-not-indexed", hint: expect.stringContaining('"title"') }),
          );
        }
      });
    });

    test("has no entity of half a character", async () => {
      await put({ id: "\uFFFD", genres: "\uFFFD" });
      look((snapshot) => {
        expect(snapshot.get("film", "\uFFFD")).toBeDefined();
        expect(snapshot.get("film", "\uD800")).toBeUndefined();
        expect(snapshot.count("film", { genres: "\uD800" })).toBe(0);
      });
    });
  });

  describe(`${name}: hard names`, () => {
    test("are ids like others", async () => {
      await put(...HARD_TEXTS.map((id, n) => ({ id, n, genres: [id], rating: id })));
      const model = new EntityListModel(HARD_TEXTS.map((id) => ({ id, genres: [id] })));
      look((snapshot) => {
        for (const [n, id] of HARD_TEXTS.entries()) {
          const label = id.slice(0, 20);
          expect(snapshot.get("film", id)?.data["n"], label).toBe(n);
          expect(
            snapshot.list("film", { genres: id }, [], 0, 9).map((film) => film.data["n"]),
            label,
          ).toEqual([n]);
          expect(snapshot.count("film", { genres: id, rating: id }), label).toBe(1);
          expect(snapshot.has("film", "genres", id), label).toBe(true);
        }
        expect(snapshot.ids("film", undefined, 100)).toEqual(model.ids());
        expect(snapshot.distinct("film", "genres", undefined, 100)).toEqual(model.ids());
        const paged: string[] = [];
        for (
          let piece = snapshot.ids("film", undefined, 2);
          piece.length > 0;
          piece = snapshot.ids("film", paged.at(-1), 2)
        )
          paged.push(...piece);
        expect(paged).toEqual(model.ids());
      });
    });

    test("are told of as they are when they change and go", async () => {
      await put({ id: "stays" }, ...HARD_TEXTS.map((id) => ({ id, genres: [id] })));
      const version = under.source.version();
      await put({ id: "stays" }, ...HARD_TEXTS.map((id) => ({ id, genres: [] })));
      expect(new Set(changesSince(version).map(({ id }) => id))).toEqual(new Set(HARD_TEXTS));
      for (const { id, before } of changesSince(version)) expect(before[0]?.fields["genres"]).toEqual([id]);
      await put({ id: "stays" });
      expect(idsNow()).toEqual(["stays"]);
    });

    test("are fields like others", async () => {
      const fields = HARD_TEXTS.filter((field) => field !== "");
      use(under.open({ film: fields }));
      const record = (value: string): object =>
        Object.fromEntries([["id", value], ...fields.map((field, n) => [field, [value, String(n)]] as const)]);
      await put(record("x"), record("y"), { id: "without" });
      const version = under.source.version();
      look((snapshot) => {
        for (const [n, field] of fields.entries()) {
          const label = field.slice(0, 20);
          expect(snapshot.count("film", { [field]: "x" }), label).toBe(1);
          expect(
            snapshot.list("film", { [field]: String(n) }, [{ field, descending: true }], 0, 9).map(({ id }) => id),
            label,
          ).toEqual(["x", "y"]);
          expect(snapshot.values("film", field), label).toHaveLength(3);
        }
      });
      await put(record("x"), record("z"), { id: "without" });
      const byId = new Map(changesSince(version).map((change) => [change.id, change]));
      expect([...byId.keys()].toSorted()).toEqual(["y", "z"]);
      expect(Object.keys(byId.get("y")?.before[0]?.fields ?? {}).toSorted()).toEqual(fields.toSorted());
    });
  });
}
