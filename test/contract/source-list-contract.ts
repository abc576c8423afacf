import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { EntityData, OrderField, WhereValues } from "../../src/core/entity.ts";
import type { Scalar } from "../../src/core/read.ts";
import { EntityListModel } from "./entity-model.ts";
import { INDEX } from "./source-under-test.ts";
import type { SourceUnderTest } from "./source-under-test.ts";

/** The lists of a source, against a model of them. */
export function sourceListContract(name: string, under: SourceUnderTest): void {
  const { use, put, look } = under;

  describe(`${name}: lists`, () => {
    const scalar: fc.Arbitrary<Scalar> = fc.constantFrom<Scalar>(
      "a",
      "b",
      "",
      "\uFFFF",
      "🎬",
      "1",
      1,
      0,
      -1,
      2.5,
      true,
      false,
    );
    const field = fc.option(fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), { nil: undefined, freq: 5 });
    const id = fc.constantFrom("1", "2", "10", "a", "Z", "é", "\uFFFF", "🎬", "", "constructor");
    const film = fc
      .record({
        id,
        genres: field,
        rating: field,
        flag: fc.option(scalar, { nil: null }),
        title: fc.constantFrom("x", "y"),
      })
      // JSON has no undefined.
      .map((record) => JSON.parse(JSON.stringify(record)) as EntityData);
    const films = fc.uniqueArray(film, { minLength: 1, maxLength: 10, selector: ({ id }) => id });
    const wanted = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
    const where: fc.Arbitrary<WhereValues> = fc.record(
      { genres: wanted, rating: wanted, flag: wanted },
      { requiredKeys: [] },
    );
    const order: fc.Arbitrary<readonly OrderField[]> = fc.uniqueArray(
      fc.record({ field: fc.constantFrom("genres", "rating", "flag", "id"), descending: fc.boolean() }),
      { maxLength: 2, selector: ({ field }) => field },
    );
    const question = fc.record({ where, order, offset: fc.nat(4), limit: fc.nat(6) });

    test("are what a look at every entity would give, after any edits", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(films, { minLength: 1, maxLength: 3 }),
          fc.array(question, { minLength: 20, maxLength: 20 }),
          async (states, questions) => {
            use(under.open(INDEX));
            under.harness.put("person", [{ id: "p" }]);
            using reader = under.source.reader();
            for (const state of states) {
              expect(await put(...state)).toMatchObject({ problemCount: 0 });
              const snapshot = reader.snapshot();
              const model = new EntityListModel(state);
              for (const { where, order, offset, limit } of questions) {
                const rows = model.list(where, order);
                const listed = snapshot.list("film", where, order, offset, limit).map((row) => row.id);
                expect(listed).toEqual(rows.slice(offset, offset + limit));
                expect(snapshot.count("film", where)).toBe(rows.length);
              }
              for (const name of ["genres", "rating", "flag"]) {
                const values = model.values(name);
                expect(snapshot.values("film", name)).toEqual(values);
                expect(snapshot.distinct("film", name, undefined, 100)).toEqual(values.map(({ value }) => value));
                for (const value of ["a", "1", 1, true, "none"]) {
                  expect(snapshot.has("film", name, value)).toBe(values.some((one) => one.value === value));
                }
              }
              expect(snapshot.ids("film", undefined, 100)).toEqual(model.ids());
              for (const film of state) expect(snapshot.get("film", film.id)?.data).toEqual(film);
            }
          },
        ),
        { numRuns: 25 },
      );
    });

    test("are the same, read a second time and page by page", async () => {
      const many = Array.from({ length: 500 }, (_, n) => ({
        id: String(n),
        genres: [`g${n % 7}`, "all"],
        rating: n % 13,
      }));
      await put(...many);
      look((snapshot) => {
        const order = [{ field: "rating", descending: true }];
        const whole = snapshot.list("film", { genres: "all" }, order, 0, 1000).map(({ id }) => id);
        expect(whole).toEqual(new EntityListModel(many).list({ genres: "all" }, order));
        const paged: string[] = [];
        for (let offset = 0; offset < 500; offset += 33) {
          paged.push(...snapshot.list("film", { genres: "all" }, order, offset, 33).map(({ id }) => id));
        }
        expect(paged).toEqual(whole);
      });
    });

    test("of ids and of values go on from where they ended", async () => {
      const many = Array.from({ length: 100 }, (_, n) => ({
        id: `${n % 3}${["", "🎬", "é", "🎬é"][n % 4]}${n}`,
        rating: n % 2 === 0 ? n : String(n),
      }));
      await put(...many);
      const model = new EntityListModel(many);
      look((snapshot) => {
        const ids: string[] = [];
        for (
          let piece = snapshot.ids("film", undefined, 7);
          piece.length > 0;
          piece = snapshot.ids("film", ids.at(-1), 7)
        )
          ids.push(...piece);
        expect(ids).toEqual(model.ids());
        const values: Scalar[] = [];
        for (;;) {
          const piece = snapshot.distinct("film", "rating", values.at(-1), 7);
          if (piece.length === 0) break;
          values.push(...piece);
        }
        expect(values).toEqual(model.values("rating").map(({ value }) => value));
        expect(snapshot.ids("film", undefined, 0)).toEqual([]);
        expect(snapshot.distinct("film", "rating", undefined, 0)).toEqual([]);
      });
    });
  });
}
