import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";
import { z } from "zod";

import { filmSite, filmsOf } from "../e2e/film-site.ts";
import { drain } from "../e2e/work-site.ts";
import { build, rekiln, Running } from "../support/cli.ts";
import type { Ended } from "../support/cli.ts";
import { PASSWORD } from "../support/started-postgres.ts";
import type { StartedPostgres } from "../support/started-postgres.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import type { TestDatabase } from "./test-database.ts";

const SOURCE = `postgres({
    film: { query: "select id, title, slug, director, genres, rating, released from film", table: "film" },
    director: "select id, name from director",
  })`;
const DATA = `
  create table film (id text primary key, title text, slug text, director text, genres text[], rating real, released date);
  create table director (id text primary key, name text);
  insert into director select 'd' || n, 'Director ' || n from generate_series(0, 6) as n`;

/** The film site with a database for its source, which holds the same films. */
async function databaseSite(database: TestDatabase, count: number): Promise<TemporarySite> {
  const films = filmsOf(count);
  await database.run(DATA);
  await database.rows("insert into film select * from json_populate_recordset(null::film, $1::json)", [
    JSON.stringify(films),
  ]);
  const site = filmSite(films);
  site.edit("rekiln.config.ts", 'files("data/")', SOURCE);
  site.edit("rekiln.config.ts", ", files,", ", postgres,");
  site.write(".env", `DATABASE_URL="${database.url}"\n`);
  return site;
}

async function cleanPages(site: TemporarySite): Promise<ReadonlyMap<string, string>> {
  const clean = site.copy();
  await build(clean.folder);
  return clean.pages();
}

const outcome = z.looseObject({ exitCode: z.number() });
const jsonOf = ({ stdout }: Ended): Readonly<Record<string, unknown>> => outcome.parse(JSON.parse(stdout));

export function commandTests(server: () => StartedPostgres, database: () => TestDatabase): void {
  describe("with a database", () => {
    test("a site is built as from files, and publish reads what is named", async () => {
      const own = database();
      const site = await databaseSite(own, 12);
      site.edit("rekiln.config.ts", ', table: "film"', "");
      expect(await build(site.folder)).toMatchObject({ exitCode: 0, source: { inserted: 19 } });
      await own.run("update film set title = 'Alien' where id = '1'; update film set title = 'Unnamed' where id = '2'");
      const published = await rekiln(site.folder, "publish", "film:1", "film:3", "--json");
      expect(jsonOf(published), published.stderr).toMatchObject({
        changed: 1,
        unchanged: ["film:3"],
        source: { records: 2, updated: 1 },
        exitCode: 0,
      });
      await own.run("delete from film where id = '4'");
      const refused = await rekiln(site.folder, "publish", "film:4", "film:5", "--deleted");
      expect(refused).toMatchObject({ code: 1, stderr: "film:5 is still there, in the database\n" });
      expect(await drain(site.folder)).toMatchObject({ exitCode: 0 });
      expect(site.read("dist/films/film-1/index.html")).toContain("Alien");
      expect(site.files()).not.toContain("films/film-4/index.html");
      expect(site.read("dist/films/film-2/index.html")).not.toContain("Unnamed");

      // What nobody named is found by a sweep.
      const swept = await rekiln(site.folder, "sweep", "--once");
      expect(swept, swept.stderr).toMatchObject({ code: 0 });
      expect(site.read("dist/films/film-2/index.html")).toContain("Unnamed");
      const titles: Readonly<Record<string, string>> = { "1": "Alien", "2": "Unnamed" };
      const films = filmsOf(12).map((film) => ({ ...film, title: titles[film.id] ?? film.title }));
      const files = filmSite(films.filter(({ id }) => id !== "4"));
      await build(files.folder);
      expect(differences(files.pages(), site.pages())).toEqual([]);
    });

    test("commands say what they do to a database, and never its password", async () => {
      const site = await databaseSite(database(), 3);
      const said: string[] = [];
      const run = async (...args: readonly string[]): Promise<Ended> => {
        const ended = await rekiln(site.folder, ...args);
        said.push(ended.stdout, ended.stderr);
        return ended;
      };
      expect(await run("capture", "status")).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("film.id for film: missing"),
      });
      const dry = await run("capture", "install", "--dry-run");
      expect(dry.stdout).toContain("triggers on film for film: would be made");
      const made = await run("capture", "install", "--json");
      expect(JSON.parse(made.stdout)).toMatchObject({ schema: "rekiln.capture-install.1", dryRun: false });
      const placed = await run("capture", "status", "--json");
      expect(jsonOf(placed)).toMatchObject({ tables: [{ type: "film", state: "in place" }], waiting: 0, exitCode: 0 });
      expect((await run("doctor")).stdout).toMatch(
        /ok {2}source: the database postgres at 127\.0\.0\.1:\d+ answers every query\nok {2}capture: in place, 0 changes wait/,
      );
      expect(await run("check")).toMatchObject({ code: 0 });
      expect((await run("capture", "remove")).stdout).toContain("table rekiln_outbox: removed");
      site.edit("rekiln.config.ts", ', table: "film"', "");
      const none = await run("capture", "install");
      expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("names no table to capture") });
      const stored = readdirSync(site.folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== ".env")
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
      expect(stored.length).toBeGreaterThan(10);
      const secret = new RegExp(`${PASSWORD.slice(-5)}|${encodeURIComponent(PASSWORD).slice(0, 10)}`);
      expect([...said, ...stored].join("")).not.toMatch(secret);
    });

    test("a worker follows its capture, goes on when the server was away, and equals a clean build at rest", async () => {
      const own = database();
      const site = await databaseSite(own, 12);
      expect(await rekiln(site.folder, "capture", "install")).toMatchObject({ code: 0 });
      expect(await build(site.folder)).toMatchObject({ exitCode: 0 });
      await own.run("update film set title = 'First' where id = '1'");
      expect(await drain(site.folder)).toMatchObject({ exitCode: 0, changes: 1 });
      expect(site.read("dist/films/film-1/index.html")).toContain("First");

      const worker = new Running(site.folder, ["work"]);
      await worker.said(/Working with/);
      const began = performance.now();
      await own.run("update film set title = 'Second' where id = '2'");
      while (!site.read("dist/films/film-2/index.html").includes("Second")) await own.run("select pg_sleep(0.02)");
      const noticedMs = performance.now() - began;
      await own.run(`
        update film set rating = rating + 1; delete from film where id = '3'; update film set id = '40' where id = '4';
        insert into film select '41', 'New', 'new', director, genres, rating, released from film where id = '5'`);
      await server().stop();
      await worker.said(/The database .* can't be reached|took longer/);
      await server().begin();
      await worker.said(/The changes of the database are followed again/);
      await own.run("update film set title = 'Third' where id = '1'");
      while (!site.read("dist/films/film-1/index.html").includes("Third")) await own.run("select pg_sleep(0.05)");
      await server().stop();
      worker.kill("SIGTERM");
      expect(await worker.ended).toMatchObject({ code: 0 });
      const unsure = await rekiln(site.folder, "work", "--until-empty");
      expect(unsure).toMatchObject({ code: 3, stderr: expect.stringMatching(/can't be reached/) });
      await server().begin();
      expect(await drain(site.folder)).toMatchObject({ exitCode: 0 });
      expect(differences(await cleanPages(site), site.pages())).toEqual([]);
      expect(await own.rows("select * from rekiln_outbox")).toEqual([]);
      // Far less than the polling that is there beside.
      expect(noticedMs).toBeLessThan(4000);
    });
  });
}
