import { copyFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { installCapture, removeCapture } from "../../src/source/postgres-capture.ts";
import type { CaptureStep } from "../../src/source/postgres-capture.ts";
import { captureStatus } from "../../src/source/postgres-catalog.ts";
import type { CaptureTable } from "../../src/source/postgres-catalog.ts";
import { PostgresFollower } from "../../src/source/postgres-follower.ts";
import { PostgresSession } from "../../src/source/postgres-session.ts";
import { PostgresSource } from "../../src/source/postgres-source.ts";
import { Films, filmsOf, refresh } from "./films.ts";
import type { TestDatabase } from "./test-database.ts";

const FILM: CaptureTable = { type: "film", table: "film", key: "id" };
const signal = new AbortController().signal;
const actionsOf = (steps: readonly CaptureStep[]): readonly string[] =>
  steps.map(({ what, action }) => `${action} ${what}`);

async function session(films: Films): Promise<PostgresSession> {
  const opened = await PostgresSession.connect({ url: films.database.url, timeoutSeconds: 20 }, signal);
  onTestFinished(async () => opened[Symbol.asyncDispose]());
  return opened;
}

/** Two films, captured. */
async function captured(database: TestDatabase): Promise<Films> {
  const films = await Films.make(database);
  await installCapture(await session(films), [FILM], false);
  return films;
}

async function noted(films: Films): Promise<readonly (string | null)[]> {
  const rows = await films.database.rows("select id from rekiln_outbox order by id");
  return rows.map(({ id }) => (typeof id === "string" ? id : null));
}

/** Follows until nothing waits, reading everything where that is asked for. @returns how often it was */
async function drain(source: PostgresSource, tables: readonly CaptureTable[] = [FILM]): Promise<number> {
  await using follower = await PostgresFollower.connect(source, tables, () => undefined, signal);
  for (let wholes = 0; ;) {
    const followed = await follower.take();
    if (followed.kind === "nothing") return wholes;
    if (followed.kind === "taken") continue;
    wholes++;
    await refresh(source);
    await follower.settle(followed.rows);
  }
}

/** What the mirror should hold: the database's own rows. */
async function rowsOf(films: Films): Promise<readonly unknown[]> {
  return films.database.rows('select id::text, title, year from film order by id::text collate "C"');
}

export function captureTests(database: () => TestDatabase): void {
  describe("a capture", () => {
    test("is installed once, says what it would do, mends what is missing, and is gone when it is removed", async () => {
      const films = await Films.make(database());
      const own = await session(films);
      const all = [
        "table rekiln_outbox",
        "table rekiln_capture",
        "function rekiln_note_change",
        "triggers on film for film",
      ];
      const planned = await installCapture(own, [FILM], true);
      expect(actionsOf(planned)).toEqual(all.map((what) => `create ${what}`));
      expect((await captureStatus(own, [FILM])).tables).toEqual([{ ...FILM, state: "missing" }]);
      expect(await installCapture(own, [FILM], false)).toEqual(planned);
      const generation = async () => films.database.rows("select generation from rekiln_capture");
      const first = await generation();
      expect(actionsOf(await installCapture(own, [FILM], false))).toEqual(all.map((what) => `keep ${what}`));
      expect(await generation()).toEqual(first);
      expect(await captureStatus(own, [FILM])).toEqual({
        tables: [{ ...FILM, state: "in place" }],
        waiting: 0,
        waitingSeconds: undefined,
        followedSeconds: undefined,
      });
      await films.database.run("alter table film disable trigger user");
      expect((await captureStatus(own, [FILM])).tables).toEqual([{ ...FILM, state: "disabled" }]);
      expect(actionsOf(await installCapture(own, [FILM], false))).toContain("change triggers on film for film");
      expect((await captureStatus(own, [FILM])).tables).toEqual([{ ...FILM, state: "in place" }]);
      expect(await generation()).not.toEqual(first);
      expect(actionsOf(await removeCapture(own, false))).toEqual([
        "remove triggers on film",
        "remove function rekiln_note_change",
        "remove table rekiln_outbox",
        "remove table rekiln_capture",
      ]);
      expect(await removeCapture(own, false)).toEqual([]);
      expect(await films.database.rows("select 1 from pg_trigger where tgrelid = 'film'::regclass")).toEqual([]);
    });

    test("leaves a table that the config doesn't name any more", async () => {
      const films = await captured(database());
      await films.database.run(`create table "Odd table" ("Id of" int)`);
      const odd = { type: "film", table: '"Odd table"', key: "Id of" };
      const own = await session(films);
      expect(actionsOf(await installCapture(own, [odd], false)).slice(3)).toEqual([
        'create triggers on "Odd table" for film',
        "remove triggers on film that the config doesn't name",
      ]);
      await films.database.run(`insert into "Odd table" values (7); update film set year = 1`);
      expect(await noted(films)).toEqual(["7"]);
    });

    test.each([
      [{ ...FILM, table: "flim" }, /there is no table flim, which film names/],
      [{ ...FILM, key: "uid" }, /the table film has no column uid/],
      [{ ...FILM, table: "films" }, /films, which film names, is no table/],
    ])("refuses %o, and changes nothing", async (table, message) => {
      const films = await Films.make(database());
      await films.database.run("create view films as select * from film");
      const own = await session(films);
      await expect(installCapture(own, [FILM, table], false)).rejects.toMatchObject({
        code: "capture-refused",
        message: expect.stringMatching(message),
      });
      expect(await removeCapture(own, true)).toEqual([]);
    });

    test.each<[statement: string, ids: readonly (string | null)[]]>([
      ["insert into film values (3, 'Alien', 1979), (4, 'Aliens', 1986)", ["3", "4"]],
      ["update film set year = year + 1", ["1", "2"]],
      ["update film set id = id + 10 where id = 1", ["1", "11"]],
      ["delete from film where id = 2", ["2"]],
      ["truncate film", [null]],
      ["update film set year = 1 where id = 99", []],
      ["begin; update film set year = 1; rollback", []],
      ["insert into film values (1, 'M', 1931), (5, 'M', 1931) on conflict (id) do update set title = 'M'", ["1", "5"]],
      [
        "with gone as (delete from film where id = 1 returning id) insert into film select id + 5, 'M', 1 from gone",
        ["1", "6"],
      ],
    ])("notes what `%s` touched", async (statement, ids) => {
      const films = await captured(database());
      await films.database.run(statement);
      expect(await noted(films)).toEqual(ids);
    });

    test("notes a bulk update of 100,000 rows as one row for each, in one statement", async () => {
      const films = await captured(database());
      await films.database.run("insert into film select n, 'Film', 2000 from generate_series(3, 100000) as n");
      await films.database.run("truncate rekiln_outbox");
      const began = performance.now();
      await films.database.run("update film set year = year + 1");
      expect(performance.now() - began).toBeLessThan(15_000);
      expect(
        await films.database.rows("select count(*)::int as n, count(distinct id)::int as ids from rekiln_outbox"),
      ).toEqual([{ n: 100_000, ids: 100_000 }]);
    });

    test("notes rows of another table that lead to entities, once for each of these", async () => {
      const films = await Films.make(database());
      await films.database.run("create table film_genre (film_id integer, genre text)");
      const genres = { type: "film", table: "film_genre", key: "film_id" };
      await installCapture(await session(films), [FILM, genres], false);
      await films.database.run("insert into film_genre values (2, 'horror'), (2, 'silent'), (null, 'none')");
      expect(await noted(films)).toEqual(["2"]);
    });

    test("notes what somebody writes who may not write to the outbox", async () => {
      const films = await captured(database());
      const role = `writer_${Math.random().toString(36).slice(2)}`;
      const schema = "format('grant usage on schema %I to ', current_schema())";
      await films.database.run(`
        create role ${role}; grant all on film to ${role};
        do $$ begin execute ${schema} || '${role}'; end $$;
        set role ${role}; update film set year = 1 where id = 1; reset role`);
      expect(await noted(films)).toEqual(["1"]);
      await films.database.run(`drop owned by ${role}; drop role ${role}`);
    });
  });

  describe("a follower of a capture", () => {
    test("brings the mirror to what the database has, with the values before, and leaves nothing in the outbox", async () => {
      const films = await captured(database());
      const source = films.open();
      expect(await drain(source)).toBe(1);
      const before = source.version();
      await films.database.run(`
        insert into film select n, 'Film ' || n, 1990 from generate_series(3, 20) as n;
        update film set year = 1926 where id = 1; update film set year = 1925 where id = 1;
        update film set id = 30 where id = 20; delete from film where id in (2, 3)`);
      expect(await drain(source)).toBe(0);
      expect(filmsOf(source)).toEqual(await rowsOf(films));
      expect(await noted(films)).toEqual([]);
      const changes = source.changesSince(before) ?? [];
      expect(changes.find(({ id }) => id === "1")).toMatchObject({
        fields: ["year"],
        before: [{ fields: { year: 1927 } }],
      });
      expect(changes.find(({ id }) => id === "2")).toMatchObject({ before: [{ fields: { year: 1922 } }] });
      expect(source.outbox.count()).toBeGreaterThan(0);
      // A build reads everything all the same, and finds nothing.
      expect(await refresh(source)).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
    });

    test("takes what is committed late, though rows with higher numbers were taken before", async () => {
      const films = await captured(database());
      const source = films.open();
      await drain(source);
      const late = await films.database.beside();
      await late.query("begin; update film set title = 'late' where id = 1");
      await films.database.run("update film set title = 'early' where id = 2");
      await drain(source);
      expect(filmsOf(source).map(({ title }) => title)).toEqual(["Metropolis", "early"]);
      await late.query("commit");
      expect(await drain(source)).toBe(0);
      expect(filmsOf(source).map(({ title }) => title)).toEqual(["late", "early"]);
    });

    test("doesn't settle a row with a lower number that is committed while it reads", async () => {
      const films = await captured(database());
      await drain(films.open());
      const late = await films.database.beside();
      await late.query("begin; update film set title = 'late' where id = 1");
      await films.database.run("update film set title = 'early' where id = 2");
      const source = hooked(films, async (what) => {
        if (what.includes("DELETE FROM rekiln_outbox")) await late.query("commit");
      });
      expect(await drain(source)).toBe(0);
      expect(filmsOf(source)).toEqual(await rowsOf(films));
      expect(filmsOf(source)[0]).toMatchObject({ title: "late" });
    });

    test("reads everything after a truncate, and deletes nothing where nothing is left", async () => {
      const films = await captured(database());
      const source = films.open();
      await drain(source);
      await films.database.run("truncate film; insert into film values (2, 'M', 1931)");
      expect(await drain(source)).toBe(1);
      expect(filmsOf(source)).toEqual(await rowsOf(films));
      await films.database.run("truncate film");
      expect(await drain(source)).toBe(1);
      expect(filmsOf(source)).toHaveLength(1);
      expect(await noted(films)).toEqual([]);
    });

    test("that is killed before or after any of its steps loses nothing, and brings nothing twice", async () => {
      const films = await captured(database());
      await drain(films.open());
      let steps = 0;
      for (let killed = true, at = 0; killed; at++) {
        await films.database.run(`
          update film set title = 'Film ${at}' where id = 1;
          insert into film values (${100 + at}, 'Film', ${at}); delete from film where id = ${99 + at}`);
        const source = killable(films, at);
        const before = source.version();
        killed = await drain(source).then(
          () => false,
          (error: unknown) => {
            if (error !== KILLED) throw error;
            return true;
          },
        );
        const outbox = source.outbox.count();
        source[Symbol.dispose]();
        // What comes after it is another process.
        const next = films.open();
        expect(await drain(next)).toBe(0);
        expect(filmsOf(next)).toEqual(await rowsOf(films));
        expect(await noted(films)).toEqual([]);
        const changes = next.changesSince(before)?.map(({ id }) => id) ?? [];
        expect(changes).toEqual(expect.arrayContaining(["1", String(100 + at)]));
        // One commit has all of them, before or after it was killed.
        expect(next.version() - before).toBe(1);
        expect(next.outbox.count()).toBeGreaterThanOrEqual(outbox);
        next[Symbol.dispose]();
        steps = at;
      }
      expect(steps).toBeGreaterThan(20);
    });

    test("and another one beside it come to the same, whoever is faster", async () => {
      const films = await captured(database());
      const [one, other] = [films.open(), films.open()];
      await drain(one);
      const edits = (async () => {
        for (let round = 0; round < 30; round++) {
          await films.database.run(`
            update film set title = 'Round ${round}', year = ${round % 3} where id = ${1 + (round % 2)};
            insert into film values (${10 + round}, 'New', ${round}); delete from film where id = ${8 + round}`);
        }
      })();
      const follow = async (source: PostgresSource): Promise<void> => {
        for (let round = 0; round < 12; round++) await drain(source);
      };
      await Promise.all([edits, follow(one), follow(other)]);
      await drain(one);
      expect(filmsOf(one)).toEqual(await rowsOf(films));
      expect(await noted(films)).toEqual([]);
    });

    test("isn't overtaken by an older reading of everything", async () => {
      const films = await captured(database());
      const source = films.open();
      await drain(source);
      await films.database.run("insert into film select n, 'Film', 2000 from generate_series(3, 4000) as n");
      let edited: Promise<void> | undefined;
      const edit = (): void => void (edited ??= films.database.run("update film set title = 'newer' where id = 4000"));
      await films.open().refresh(edit, signal);
      await edited;
      expect(await drain(source)).toBe(0);
      expect(filmsOf(source).length).toBe(1000);
      using reader = source.reader();
      expect(reader.snapshot().get("film", "4000")?.data).toMatchObject({ title: "newer" });
    });

    test("reads everything when an older copy of the mirror was put in place", async () => {
      const films = await captured(database());
      const source = films.open();
      await drain(source);
      const [mirror, copy] = [join(films.folder, "entities.db"), join(films.folder, "copy.db")];
      source[Symbol.dispose]();
      copyFileSync(mirror, copy);
      const later = films.open();
      await films.database.run("update film set year = 1 where id = 1");
      await drain(later);
      later[Symbol.dispose]();
      const restored = films.open(undefined, { mirror: copy });
      expect(await drain(restored)).toBe(1);
      expect(filmsOf(restored)).toEqual(await rowsOf(films));
      expect(await drain(restored)).toBe(0);
    });

    test("leaves the changes to the one that follows them, and takes over when that one is gone", async () => {
      const films = await captured(database());
      const first = films.open();
      await drain(first);
      const second = new Films(films.database).open();
      await films.database.run("update film set year = 1 where id = 1");
      await expect(drain(second)).rejects.toMatchObject({ code: "capture-followed", disposition: "retry" });
      expect(await noted(films)).toEqual(["1"]);
      await films.database.run("update rekiln_capture set seen = now() - interval '3 minutes'");
      expect(await drain(second)).toBe(1);
      expect(filmsOf(second)).toEqual(await rowsOf(films));
      await films.database.run("update rekiln_capture set seen = now() - interval '3 minutes'");
      // The first one knows nothing of what the second took.
      expect(await drain(first)).toBe(1);
      expect(filmsOf(first)).toEqual(await rowsOf(films));
    });

    test("doesn't follow what isn't captured, and reads everything when it is captured again", async () => {
      const films = await captured(database());
      const source = films.open();
      await drain(source);
      await films.database.run("alter table film disable trigger user; update film set year = 1");
      await expect(drain(source)).rejects.toMatchObject({ code: "capture-missing", disposition: "retry" });
      await installCapture(await session(films), [FILM], false);
      expect(await drain(source)).toBe(1);
      expect(filmsOf(source)).toEqual(await rowsOf(films));
    });

    test("is told of changes at once, and when the connection breaks", async () => {
      const films = await captured(database());
      const source = films.open();
      await drain(source);
      let notice = Promise.withResolvers<void>();
      await using follower = await PostgresFollower.connect(source, [FILM], () => notice.resolve(), signal);
      expect(await follower.take()).toEqual({ kind: "nothing" });
      notice = Promise.withResolvers();
      await films.database.run("update film set year = 1 where id = 1");
      await notice.promise;
      expect(await follower.take()).toMatchObject({ kind: "taken", report: { updated: 1 } });
      notice = Promise.withResolvers();
      await films.database.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rekiln' and query not like '%terminate%'",
      );
      await notice.promise;
      await expect(follower.take()).rejects.toMatchObject({ code: "source-unreachable", disposition: "retry" });
    });

    test("names a record that isn't by the schema, keeps its last good version, and goes on", async () => {
      const films = await captured(database());
      const source = films.open();
      await drain(source);
      await films.database.run(
        "alter table film alter column year type numeric; update film set year = 'NaN' where id = 1",
      );
      await using follower = await PostgresFollower.connect(source, [FILM], () => undefined, signal);
      const followed = await follower.take();
      expect(followed).toMatchObject({
        kind: "taken",
        report: { problemCount: 1, problems: [{ place: expect.stringMatching(/: film:1$/) }] },
      });
      expect(filmsOf(source)[0]).toMatchObject({ year: 1927 });
      expect(await follower.take()).toEqual({ kind: "nothing" });
    });
  });
}

const KILLED = new Error("killed");

/** A source that dies at one of its steps: even ones are before a statement or commit, odd ones after it. */
function killable(films: Films, at: number): PostgresSource {
  let step = 0;
  return hooked(films, () => {
    if (step++ === at) throw KILLED;
  });
}

/** A source that tells of each statement and commit, before and after it. */
function hooked(films: Films, hook: (what: string) => Promise<void> | void): PostgresSource {
  class Hooked extends PostgresSource {
    override async connect(stop: AbortSignal): Promise<PostgresSession> {
      const connected = await super.connect(stop);
      const [rows, query] = [connected.rows.bind(connected), connected.query.bind(connected)];
      const telling = async <T>(text: string, act: () => Promise<T>): Promise<T> => {
        await hook(`before ${text}`);
        const done = await act();
        await hook(`after ${text}`);
        return done;
      };
      connected.rows = async (...given) => telling(given[0], async () => rows(...given));
      connected.query = async (...given) => telling(given[0], async () => query(...given));
      return connected;
    }

    override write(...given: Parameters<PostgresSource["write"]>): ReturnType<PostgresSource["write"]> {
      void hook("before write");
      const report = super.write(...given);
      void hook("after write");
      return report;
    }
  }
  const source = new Hooked(films.options());
  onTestFinished(() => {
    try {
      source[Symbol.dispose]();
    } catch {
      // It was killed.
    }
  });
  return source;
}
