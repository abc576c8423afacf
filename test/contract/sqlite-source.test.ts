import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";

import type { EntityData, EntityModel } from "../../src/core/entity.ts";
import { unchecked } from "../../src/site/entities.ts";
import type { RefreshReport } from "../../src/source/source.ts";
import { SqliteSource } from "../../src/source/sqlite-source.ts";
import { sourceContract } from "./source-contract.ts";
import type { Index, SourceHarness } from "./source-under-test.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const REFRESH = fileURLToPath(new URL("./sqlite-refresh.ts", import.meta.url));

type Queries = ConstructorParameters<typeof SqliteSource>[0]["queries"];

function openIn(folder: string, models: ReadonlyMap<string, EntityModel>, queries: Queries): SqliteSource {
  const source = new SqliteSource({
    file: join(folder, "films.db"),
    name: "films.db",
    mirror: join(folder, "entities.db"),
    models,
    queries,
    fingerprint: JSON.stringify([...models.values()].map(({ index }) => index)),
    firstVersion: 0,
  });
  onTestFinished(() => {
    try {
      source[Symbol.dispose]();
    } catch {
      // The test has closed it already.
    }
  });
  return source;
}

/** A database in which a record is one column, so that it may be anything. */
function harnessIn(folder: string, index: Index): SourceHarness {
  const schema = z.object({ record: z.any() }).transform(({ record }) => record as EntityData);
  const models = new Map(Object.entries(index).map(([name, fields]) => [name, { name, schema, index: fields }]));
  const queries = new Map(
    Object.keys(index).map((type) => [type, { sql: `select id, record from ${type}`, json: ["record"] }]),
  );
  const outside = new DatabaseSync(join(folder, "films.db"));
  for (const type of Object.keys(index)) outside.exec(`create table if not exists ${type} (id, record text)`);
  const source = openIn(folder, models, queries);
  onTestFinished(() => {
    if (outside.isOpen) outside.close();
  });
  return {
    source,
    put: (type, records) => {
      outside.exec(`begin; delete from ${type}`);
      const insert = outside.prepare(`insert into ${type} values (?, ?)`);
      for (const record of records) {
        const given = z.object({ id: z.string().refine((id) => id.isWellFormed()) }).safeParse(record);
        insert.run(given.data?.id ?? null, JSON.stringify(record));
      }
      outside.exec("commit");
    },
    takeIn: async () => source.refresh(() => undefined, new AbortController().signal),
    reopen: (other) => {
      source[Symbol.dispose]();
      outside.close();
      return harnessIn(folder, other);
    },
  };
}

sourceContract("sqlite", (index) => harnessIn(temporaryFolder(), index), "mirror");

describe("sqlite", () => {
  const models = new Map([["film", { name: "film", schema: unchecked(), index: [] }]]);
  const signal = new AbortController().signal;
  let folder: string;
  let outside: DatabaseSync;

  beforeEach(() => {
    folder = temporaryFolder();
    outside = new DatabaseSync(join(folder, "films.db"));
    outside.exec(`
      create table film (id integer primary key, title text, year integer, rating real, genres text);
      insert into film values (1, 'Metropolis', 1927, 8.3, '["sf","drama"]'), (2, 'Nosferatu', 1922, null, '["horror"]')`);
    onTestFinished(() => {
      if (outside.isOpen) outside.close();
    });
  });

  const ALL: Queries = new Map([["film", { sql: "select * from film", json: ["genres"] }]]);
  const open = (queries: Queries = ALL): SqliteSource => openIn(folder, models, queries);
  const refresh = async (source: SqliteSource): Promise<RefreshReport> => source.refresh(() => undefined, signal);
  const films = (source: SqliteSource): readonly EntityData[] => {
    using reader = source.reader();
    const snapshot = reader.snapshot();
    return snapshot.ids("film", undefined, 100).map((id) => snapshot.get("film", id)?.data ?? { id: "none" });
  };

  test("is read when nobody else takes it in: what was read before would be older than what they took", async () => {
    const folder = temporaryFolder();
    using outside = new DatabaseSync(join(folder, "films.db"));
    outside.exec("create table film (id text, year); insert into film values ('1', 1)");
    const queries: Queries = new Map([["film", { sql: "select id, year from film", json: [] }]]);
    const source = openIn(folder, models, queries);
    await source.refresh(() => undefined, signal);
    using other = new DatabaseSync(join(folder, "entities.db"));
    other.exec("BEGIN IMMEDIATE");
    const child = spawn(process.execPath, [REFRESH, folder], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill());
    await once(child.stdout, "data");
    // Long enough to read what is there now, for one that doesn't wait.
    await setTimeout(300);
    outside.exec("update film set year = 2");
    other.exec("COMMIT");
    expect(await once(child, "exit")).toEqual([0, null]);
    using reader = source.reader();
    expect(reader.snapshot().get("film", "1")?.data).toEqual({ id: "1", year: 2 });
  });

  test("makes records of rows: numbers, null, text, JSON where it is named, and ids as text", async () => {
    const source = open();
    expect(await refresh(source)).toMatchObject({ inserted: 2, problemCount: 0 });
    expect(films(source)).toEqual([
      { id: "1", title: "Metropolis", year: 1927, rating: 8.3, genres: ["sf", "drama"] },
      { id: "2", title: "Nosferatu", year: 1922, rating: null, genres: ["horror"] },
    ]);
  });

  test("is current until the database, or its write-ahead log, changes", async () => {
    outside.exec("pragma journal_mode = wal");
    const source = open();
    await refresh(source);
    expect(await source.isCurrent(signal)).toBe(true);
    outside.exec("update film set year = 1926 where id = 1");
    expect(await source.isCurrent(signal)).toBe(false);
    expect(await refresh(source)).toMatchObject({ updated: 1, inserted: 0 });
    expect(await source.isCurrent(signal)).toBe(true);
  });

  test("isn't current after what changed while it was read", async () => {
    outside.exec(`
      pragma journal_mode = wal;
      create table person (id text, name text);
      insert into person values ('p', 'before');
      with recursive n(i) as (select 3 union all select i + 1 from n where i < 3000)
        insert into film select i, 'Film', 2000, null, '[]' from n`);
    const two = new Map(["film", "person"].map((name) => [name, { name, schema: unchecked(), index: [] }]));
    const queries: Queries = new Map([...two.keys()].map((name) => [name, { sql: `select * from ${name}`, json: [] }]));
    const source = openIn(folder, two, queries);
    const edit = (): void => outside.exec("update person set name = 'after'");
    expect(await source.refresh(edit, signal)).toMatchObject({ problemCount: 0 });
    expect(await source.isCurrent(signal)).toBe(false);
    expect(await refresh(source)).toMatchObject({ updated: 1 });
    expect(await source.isCurrent(signal)).toBe(true);
  });

  test.each([
    ["bytes", "select id, x'00ff' as title from film", /film:1.*|title holds bytes.*hex\(title\)/],
    ["too large a number", "select id, 9007199254740993 as title from film", /title is 9007199254740993, too large/],
    ["what isn't JSON", "select id, '[1' as genres from film", /genres isn't JSON/],
  ])("names the row and the column that holds %s, and deletes nothing", async (_, sql, message) => {
    await refresh(open());
    const source = open(new Map([["film", { sql, json: sql.includes("genres") ? ["genres"] : [] }]]));
    const report = await refresh(source);
    expect(report).toMatchObject({ problemCount: 2, deleted: 0, kept: 2 });
    expect(report.problems[0]).toMatchObject({ place: "films.db: film:1", message: expect.stringMatching(message) });
    expect(films(source)).toHaveLength(2);
  });

  test("says that an id stands twice", async () => {
    const source = open(new Map([["film", { sql: "select 'same' as id, title from film", json: [] }]]));
    expect((await refresh(source)).problems).toEqual([
      { type: "film", place: "films.db: film:same", message: 'the id "same" stands twice; the first is taken' },
    ]);
  });

  test("deletes what is gone, but nothing when no row is left", async () => {
    const source = open();
    await refresh(source);
    outside.exec("delete from film where id = 2");
    expect(await refresh(source)).toMatchObject({ deleted: 1 });
    outside.exec("delete from film");
    const report = await refresh(source);
    expect(report).toMatchObject({ deleted: 0, kept: 1 });
    expect(report.problems[0]?.message).toBe("is empty, but 1 entities were known: none is deleted");
  });

  test.each([
    ["SQL that doesn't run", "select titel from film", "doesn't run: no such column: titel"],
    ["no id", "select title, year from film", "gives no column id, but title, year"],
    ["two columns of a name", "select id, title, year as title from film", "gives the column title twice"],
    ["a statement that isn't a select", "delete from film", "gives no rows"],
    [
      "SQL that fails at a row",
      "select id, abs(-9223372036854775808) as n from film",
      "fails at row 1: integer overflow",
    ],
  ])("refuses %s, and changes nothing", async (_, sql, message) => {
    await refresh(open());
    const source = open(new Map([["film", { sql, json: [] }]]));
    await expect(refresh(source)).rejects.toMatchObject({
      code: "query-invalid",
      message: expect.stringContaining(`The query for film of films.db ${message}`),
      hint: expect.any(String),
    });
    expect(films(source)).toHaveLength(2);
    expect(outside.prepare("select count(*) as n from film").get()).toMatchObject({ n: 2 });
  });

  test("refuses a column of JSON that the query doesn't give", async () => {
    const source = open(new Map([["film", { sql: "select id from film", json: ["genres"] }]]));
    await expect(refresh(source)).rejects.toMatchObject({ code: "query-invalid" });
  });

  test.each([
    ["isn't there", () => rmSync(join(folder, "films.db"))],
    [
      "isn't a database",
      () => writeFileSync(join(folder, "films.db"), "not a database at all, but long enough for one"),
    ],
  ])("deletes nothing when the database %s", async (_, spoil) => {
    const source = open();
    await refresh(source);
    outside.close();
    spoil();
    await expect(refresh(source)).rejects.toMatchObject({
      code: "source-unreachable",
      message: expect.stringContaining("films.db"),
      hint: expect.stringMatching(/^Nothing was changed\./),
    });
    expect(films(source)).toHaveLength(2);
  });
});
