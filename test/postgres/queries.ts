import { describe, expect, test } from "vitest";

import { Films, filmsOf, refresh, titled } from "./films.ts";
import { openSource } from "./test-database.ts";
import type { TestDatabase } from "./test-database.ts";

export function queryTests(database: () => TestDatabase): void {
  const signal = new AbortController().signal;

  describe("a query to Postgres", () => {
    test.each([
      ["SQL that doesn't run", "select titel from film", /doesn't run: column "titel" does not exist/],
      ["no id", "select title, year from film", /gives no column id, but title, year/],
      ["two columns of a name", "select id, title, year as title from film", /gives the column title twice/],
      ["a statement that isn't a select", "delete from film returning id", /doesn't run: syntax error/],
      ["one that writes within", "with x as (delete from film returning id) select id from x", /doesn't run/],
      ["one that calls what writes", "select id, nextval('counter') as n from film", /read-only transaction/],
      ["several", "select id from film) as q; delete from film; select * from (select 1 as id", /doesn't run/],
      ["SQL that fails at a row", "select id, 1 / (id - 2) as n from film", /doesn't run: division by zero/],
    ])("refuses %s, and changes nothing", async (_, sql, message) => {
      const films = await Films.make(database());
      await films.database.run("create sequence counter");
      await refresh(films.open());
      const source = films.open(sql);
      await expect(refresh(source)).rejects.toMatchObject({
        code: "query-invalid",
        message: expect.stringMatching(message),
        hint: expect.any(String),
      });
      expect(filmsOf(source)).toHaveLength(2);
      expect(await films.database.rows("select count(*)::int as n from film")).toEqual([{ n: 2 }]);
    });

    test("may end in a comment, have an order, and begin with WITH", async () => {
      const films = await Films.make(database());
      const source = films.open(
        "with f as (select * from film) select id, title, year from f order by year -- oldest first",
      );
      expect(await refresh(source)).toMatchObject({ inserted: 2, problemCount: 0 });
    });

    test("is given up after its time, and nothing is changed", async () => {
      const films = await Films.make(database());
      await refresh(films.open());
      const source = films.open("select id, pg_sleep(30)::text as title from film", {
        address: { url: films.database.url, timeoutSeconds: 0.2 },
      });
      await expect(refresh(source)).rejects.toMatchObject({
        code: "source-unreachable",
        disposition: "retry",
        message: expect.stringMatching(/^The query for film of postgres at .* took longer than 0.2 s\.$/),
      });
      expect(filmsOf(source)).toHaveLength(2);
    });

    test("ends at once when it is told to stop", async () => {
      const films = await Films.make(database());
      const source = films.open("select id, pg_sleep(30)::text as title from film");
      const controller = new AbortController();
      const reading = source.refresh(() => undefined, controller.signal);
      setTimeout(() => controller.abort(new Error("stop")), 100);
      const began = performance.now();
      await expect(reading).rejects.toThrow("stop");
      expect(performance.now() - began).toBeLessThan(5000);
      // Nor does the server go on with it: what waits for its lock comes through.
      await films.database.run("begin; lock table film in access exclusive mode; commit");
      expect(performance.now() - began).toBeLessThan(10_000);
    });

    test("deletes nothing when no row is left, and says so", async () => {
      const films = await Films.make(database());
      const source = films.open();
      await refresh(source);
      await films.database.run("delete from film");
      const report = await refresh(source);
      expect(report).toMatchObject({ deleted: 0, kept: 2, problemCount: 1 });
      expect(report.problems[0]?.message).toBe("is empty, but 2 entities were known: none is deleted");
    });

    test("reads all types as they stood at one moment, however long that takes", async () => {
      const { database: own, folder } = await Films.make(database());
      const model = { schema: titled.loose(), index: [] };
      const models = new Map(["film", "other"].map((name) => [name, { ...model, name }]));
      const sql = "select id, title, year from film";
      const source = openSource(
        own.options(
          folder,
          models,
          new Map([
            ["film", { sql }],
            ["other", { sql }],
          ]),
        ),
      );
      const beside = await own.beside();
      // Rows enough for several batches: the edit falls between two of them.
      await own.run("insert into film select n, 'Film ' || n, 2000 from generate_series(3, 3000) as n");
      let edited: Promise<unknown> | undefined;
      const edit = (): void => void (edited ??= beside.query("update film set title = title || '!'"));
      await source.refresh(edit, signal);
      await edited;
      using reader = source.reader();
      const snapshot = reader.snapshot();
      for (const id of ["1", "2999"]) {
        expect(snapshot.get("other", id)?.data).toEqual(snapshot.get("film", id)?.data);
      }
      expect(snapshot.get("other", "2999")?.data).toMatchObject({ title: "Film 2999" });
    });

    test("names the records that aren't by the schema, and takes the others", async () => {
      const films = await Films.make(database());
      await films.database.run("update film set title = '' where id = 1");
      const models = new Map([["film", { name: "film", schema: titled, index: [] }]]);
      const report = await refresh(films.open(undefined, { models }));
      expect(report).toMatchObject({ inserted: 1, problemCount: 1 });
      expect(report.problems[0]).toMatchObject({ place: expect.stringMatching(/: film:1$/) });
    });

    test("is never known to be as it was, and what didn't change makes no version", async () => {
      const films = await Films.make(database());
      const source = films.open();
      await refresh(source);
      const version = source.version();
      expect(await source.isCurrent()).toBe(false);
      expect(await refresh(source)).toMatchObject({ records: 2, inserted: 0, updated: 0, deleted: 0 });
      expect(source.version()).toBe(version);
    });
  });

  describe("some entities of Postgres", () => {
    const film = (id: string) => ({ type: "film", id });

    test("are taken in alone: changed, new, and gone", async () => {
      const films = await Films.make(database());
      const source = films.open();
      await refresh(source);
      await films.database.run(`
        insert into film values (3, 'Alien', 1979), (4, 'Aliens', 1986);
        update film set year = 1926 where id = 1;
        delete from film where id = 2`);
      const before = source.version();
      const report = await source.takeInSome(["1", "2", "3"].map(film), signal);
      expect(report).toMatchObject({ records: 2, inserted: 1, updated: 1, deleted: 1, problemCount: 0 });
      expect(filmsOf(source).map(({ id }) => id)).toEqual(["1", "3"]);
      expect(source.changesSince(before)?.find(({ id }) => id === "1")).toMatchObject({
        fields: ["year"],
        before: [{ fields: { year: 1927 } }],
      });
      // A whole reading finds what wasn't named, and nothing else.
      expect(await refresh(source)).toMatchObject({ inserted: 1, updated: 0, deleted: 0 });
    });

    test.each([
      ["integer", ["01", "1.0", "x", "", "99999999999999999999", "2147483648", "-0"]],
      ["uuid", ["x", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]],
      ["text", ["\0", "it's", "%"]],
    ])("with ids that no %s is spelt as aren't there", async (type, ids) => {
      const films = new Films(database());
      const id = type === "uuid" ? "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" : "1";
      await films.database.run(`create table film (id ${type} primary key); insert into film values ('${id}')`);
      const source = films.open("select id from film");
      await refresh(source);
      expect(await source.takeInSome(ids.map(film), signal)).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
      expect(await source.takeInSome([film(id)], signal)).toMatchObject({ records: 1, deleted: 0 });
      expect(filmsOf(source)).toEqual([{ id }]);
    });

    test.each([
      ["of another type than whole numbers, text and UUIDs", "select id::numeric as id from film", undefined],
      [
        "that the schema changes",
        "select id, title, year from film",
        titled.transform((one) => ({ ...one, id: `f${one.id}` })),
      ],
    ])("with ids %s take everything in", async (_, sql, schema) => {
      const films = await Films.make(database());
      const given =
        schema ??
        titled
          .partial()
          .loose()
          .transform((one) => ({ ...one, id: String(one.id) }));
      const models = new Map([["film", { name: "film", schema: given, index: [] }]]);
      const source = films.open(sql.replace("::numeric", "::numeric::text::char(9)"), { models });
      await refresh(source);
      expect(await source.takeInSome([film("1")], signal)).toBeUndefined();
    });

    test("that aren't by the schema keep their last good version", async () => {
      const films = await Films.make(database());
      const models = new Map([["film", { name: "film", schema: titled, index: [] }]]);
      const source = films.open(undefined, { models });
      await refresh(source);
      await films.database.run("update film set title = '' where id = 1");
      expect(await source.takeInSome([film("1")], signal)).toMatchObject({ problemCount: 1, updated: 0 });
      expect(filmsOf(source)[0]).toMatchObject({ title: "Metropolis" });
    });

    test("aren't taken in before everything was, nor after the query was changed", async () => {
      const films = await Films.make(database());
      const source = films.open();
      expect(await source.takeInSome([film("1")], signal)).toBeUndefined();
      await refresh(source);
      const other = films.open("select id, title from film");
      expect(await other.takeInSome([film("1")], signal)).toBeUndefined();
    });

    test("that were read before something newer was taken in are given up", async () => {
      const films = await Films.make(database());
      const source = films.open();
      await refresh(source);
      const before = source.taken();
      await films.database.run("update film set year = 1 where id = 1");
      await refresh(films.open());
      expect(source.write(new Map(), before)).toBeUndefined();
      expect(source.write(new Map(), source.taken())).toMatchObject({ records: 0 });
    });
  });
}
