import { describe, expect, test } from "vitest";

import { Films, filmsOf, refresh } from "./films.ts";
import type { TestDatabase } from "./test-database.ts";

export function columnTests(database: () => TestDatabase): void {
  describe("a column of Postgres", () => {
    const columns: readonly (readonly [type: string, literal: string, value: unknown])[] = [
      ["text", "'Ж 🎬'", "Ж 🎬"],
      ["integer", "-7", -7],
      ["bigint", "9007199254740991", 9_007_199_254_740_991],
      ["numeric", "8.30", 8.3],
      ["numeric", "-0.000001", -0.000_001],
      ["numeric", "123456789012345", 123_456_789_012_345],
      ["numeric", "0.00", 0],
      ["real", "0.1", 0.1],
      ["double precision", "0.30000000000000004", 0.300_000_000_000_000_04],
      ["boolean", "true", true],
      ["boolean", "false", false],
      ["jsonb", `'{"a": [1, null, {"b": "ü"}]}'`, { a: [1, null, { b: "ü" }] }],
      ["json", "'null'", null],
      ["text", "null", null],
      ["date", "'2026-02-28'", "2026-02-28"],
      ["timestamp", "'2026-02-28 09:30:00.5'", "2026-02-28T09:30:00.5"],
      ["timestamptz", "'2026-02-28 09:30:00+02'", "2026-02-28T07:30:00Z"],
      ["time", "'09:30'", "09:30:00"],
      ["interval", "'1 day 02:00'", "P1DT2H"],
      ["uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
      ["int4range", "'[1,5)'", "[1,5)"],
      ["text[]", `array['a"b', 'c,d', null, 'NULL', '']`, ['a"b', "c,d", null, "NULL", ""]],
      ["text[]", "'{}'", []],
      [
        "integer[]",
        "array[[1,2],[3,4]]",
        [
          [1, 2],
          [3, 4],
        ],
      ],
      ["boolean[]", "array[true, null]", [true, null]],
      ["numeric[]", "array[1.50]", [1.5]],
      ["jsonb[]", `array['{"a":1}'::jsonb]`, [{ a: 1 }]],
      ["timestamptz[]", "array['2026-02-28 09:30:00+02'::timestamptz]", ["2026-02-28T07:30:00Z"]],
      ["integer[]", "'[0:1]={7,8}'", [7, 8]],
    ];

    test("is plain JSON", async () => {
      const films = new Films(database());
      const selected = columns.map(([type, literal], index) => `(${literal})::${type} as c${index}`);
      const source = films.open(`select 'x' as id, ${selected.join(", ")}`);
      expect(await refresh(source)).toMatchObject({ inserted: 1, problems: [] });
      const [found] = filmsOf(source);
      const named = (value: (index: number) => unknown): Readonly<Record<string, unknown>> =>
        Object.fromEntries(columns.map(([type, literal], index) => [`${type} ${literal}`, value(index)]));
      expect(named((index) => found?.[`c${index}`])).toEqual(named((index) => columns[index]?.[2]));
    });

    test("of a type that the database made is read by what it is made of", async () => {
      const films = new Films(database());
      await films.database.run(`
        create type mood as enum ('calm', 'tense');
        create domain stars as integer check (value between 0 and 5);
        create table film (id bigint primary key, mood mood, moods mood[], stars stars, many stars[]);
        insert into film values (1, 'calm', '{tense,calm}', 4, '{1,2}')`);
      const source = films.open("select * from film");
      await refresh(source);
      expect(filmsOf(source)).toEqual([{ id: "1", mood: "calm", moods: ["tense", "calm"], stars: 4, many: [1, 2] }]);
    });

    test.each([
      ["bytea", String.raw`'\x00ff'`, /value holds bytes.*encode/],
      ["bigint", "9007199254740993", /value is 9007199254740993, which a number.*::text/],
      ["numeric", "12345678901234567.5", /value is 12345678901234567.5, which a number/],
      ["numeric", "1e400", /which a number of JavaScript can't hold/],
      ["numeric", "1e-400", /which a number of JavaScript can't hold/],
      ["numeric", "'NaN'", /value is NaN/],
      ["double precision", "'Infinity'", /value is Infinity/],
      ["bigint[]", "array[9007199254740993]", /value is 9007199254740993/],
      ["json", String.raw`'"\ud800"'::json`, undefined],
    ])(
      "of %s with %s is refused by name, if it has no place in JSON, and nothing is deleted",
      async (type, literal, message) => {
        const films = new Films(database());
        await refresh(films.open("select 7 as id union all select 8"));
        const report = await refresh(films.open(`select 7 as id, (${literal})::${type} as value`));
        if (message === undefined) {
          expect(report).toMatchObject({ problemCount: 0 });
          return;
        }
        expect(report).toMatchObject({ problemCount: 1, deleted: 0, kept: 2 });
        expect(report.problems[0]).toMatchObject({
          place: expect.stringMatching(/^postgres at \S+: film:7$/),
          message: expect.stringMatching(message),
        });
      },
    );

    test("has the same text whatever the server's settings are", async () => {
      const films = new Films(database());
      const sql = "select 1 as id, '2026-02-03 04:05+00'::timestamptz as at, 0.1::float8 as n, '1 day'::interval as d";
      const source = films.open(sql, {
        address: {
          url: `${films.database.url}%20-cdatestyle%3Dgerman%20-ctimezone%3DAsia/Tokyo%20-cextra_float_digits%3D-5`,
          timeoutSeconds: 5,
        },
      });
      await refresh(source);
      expect(filmsOf(source)).toEqual([{ id: "1", at: "2026-02-03T04:05:00Z", n: 0.1, d: "P1D" }]);
    });
  });
}
