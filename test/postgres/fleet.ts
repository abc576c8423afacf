import { existsSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import type { StartedPostgres } from "../support/started-postgres.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "../e2e/film-site.ts";
import { testProxy } from "./test-proxy.ts";
import { ObjectSite } from "../e2e/object-site.ts";
import { drain, workedOf, WorkSite } from "../e2e/work-site.ts";

const SCHEMA = "fleet";

/** Makes a site keep its manifest on the server. */
function manifestThere(site: TemporarySite, { url }: { readonly url: string }, schema = SCHEMA): void {
  site.edit("rekiln.config.ts", " s3,", " s3, postgresManifest,");
  site.edit(
    "rekiln.config.ts",
    "store: s3",
    `manifest: postgresManifest({ url: ${JSON.stringify(url)}, schema: "${schema}" }),\n  store: s3`,
  );
}

async function cleanPages(site: WorkSite): Promise<ReadonlyMap<string, string>> {
  const clean = filmSite([...site.films.values()]);
  await build(clean.folder);
  return clean.pages();
}

const manifestFiles = (folder: string): readonly string[] =>
  readdirSync(join(folder, ".rekiln")).filter((name) => name.startsWith("manifest"));

export function migrateTests(server: () => StartedPostgres): void {
  describe("a manifest in Postgres", () => {
    test("is asked for tables before it is used, and rekiln migrate makes them once", async () => {
      const store = await ObjectSite.start();
      const site = filmSite(filmsOf(3));
      store.publishHere(site);
      manifestThere(site, { url: server().url() }, "migrated");
      const early = await rekiln(site.folder, "build");
      expect(early).toMatchObject({ code: 2, stderr: expect.stringContaining("rekiln migrate") });
      expect(await rekiln(site.folder, "doctor")).toMatchObject({ stdout: expect.stringContaining("rekiln migrate") });
      const dry = await rekiln(site.folder, "migrate", "--dry-run", "--json");
      expect(JSON.parse(dry.stdout)).toMatchObject({ schema: "rekiln.migrate.1", dryRun: true, from: 0, to: 1 });
      const both = await Promise.all([1, 2].map(() => rekiln(site.folder, "migrate", "--json")));
      expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([1, 2].map(() => ({ code: 0, stderr: "" })));
      const made = both.map(({ stdout }) => JSON.parse(stdout) as { readonly from: number });
      expect(made.map(({ from }) => from).toSorted((left, right) => left - right)).toEqual([0, 1]);
      expect(await rekiln(site.folder, "migrate")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("as they should"),
      });
      expect(await build(site.folder)).toMatchObject({ exitCode: 0, failed: 0 });
      expect(manifestFiles(site.folder)).toEqual([]);
      await server().run("UPDATE migrated.format SET version = 99");
      for (const command of ["build", "status", "migrate"]) {
        const newer = await rekiln(site.folder, command);
        expect(newer, command).toMatchObject({ code: 2, stderr: expect.stringContaining("format 99") });
      }
    });
  });
}

export function fleetTests(server: () => StartedPostgres): void {
  describe("a site whose manifest is in Postgres", () => {
    test("serves the whole life of a site, as the one in a file does", { timeout: 300_000 }, async () => {
      const store = await ObjectSite.start();
      const site = await madeSite(store, 20);
      expect(differences(await cleanPages(site), store.pages())).toEqual([]);
      expect(manifestFiles(site.folder)).toEqual([]);
      expect(await build(site.folder)).toMatchObject({ wrote: 0, exitCode: 0 });
      await site.put({ ...site.film("7"), title: "Seven" });
      await site.put({ ...site.film("9"), slug: "nine" });
      await site.put(filmOf(21));
      await site.delete("12");
      expect(await drain(site.folder)).toMatchObject({ ended: "empty", failed: 0, exitCode: 0 });
      expect(differences(await cleanPages(site), store.pages())).toEqual([]);
      expect([...store.redirects()]).toEqual([["films/film-9/index.html", "/films/nine/"]]);
      for (const command of [
        ["status", "--json"],
        ["explain", "film/7", "--json"],
        ["sweep", "--once"],
        ["audit"],
        ["prune", "--dry-run"],
        ["rebuild", "film:7"],
        ["doctor"],
      ]) {
        const ended = await rekiln(site.folder, ...command);
        expect(ended, `${command.join(" ")}: ${ended.stderr}`).toMatchObject({ code: 0 });
      }
      const rebuilt = await rekiln(site.folder, "manifest", "rebuild", "--json");
      expect(rebuilt, rebuilt.stderr).toMatchObject({ code: 0 });
      expect(differences(await cleanPages(site), store.pages())).toEqual([]);
    });

    test("is shared by workers whose state folders have nothing of it", { timeout: 180_000 }, async () => {
      const store = await ObjectSite.start();
      const site = await madeSite(store, 40);
      const other = site.site.copy();
      other.write(".rekiln/.gitignore", "*\n");
      // Data and queue are one for both machines.
      for (const name of readdirSync(join(site.folder, ".rekiln")))
        if (/^(?:entities|queue)/.test(name))
          symlinkSync(join(site.folder, ".rekiln", name), join(other.folder, ".rekiln", name));
      await site.import(
        filmsOf(40).map((film) => ({ ...film, title: `${film.title} again`, rating: film.rating / 2 })),
      );
      const workers = [site.folder, other.folder].map((folder) => rekiln(folder, "work", "--until-empty", "--json"));
      const worked = (await Promise.all(workers)).map(workedOf);
      expect(worked.map(({ failed }) => failed)).toEqual([0, 0]);
      await drain(other.folder);
      expect(differences(await cleanPages(site), store.pages())).toEqual([]);
      expect(existsSync(join(other.folder, ".rekiln", "entities.db"))).toBe(true);
      expect(manifestFiles(other.folder)).toEqual([]);
    });

    test("is asked a tenth of a question for each page that changes", { timeout: 240_000 }, async () => {
      const store = await ObjectSite.start();
      const proxy = await testProxy(server());
      const site = await madeSite(store, 600, proxy.url);
      const asked = async (): Promise<{ readonly written: number; readonly queries: number }> => {
        const before = proxy.queries;
        const { written, failed } = await drain(site.folder);
        expect(failed).toBe(0);
        return { written, queries: proxy.queries - before };
      };
      const idle = await asked();
      await site.import(filmsOf(600).map((film) => ({ ...film, title: `${film.title} again` })));
      const { written, queries } = await asked();
      expect(written).toBeGreaterThan(600);
      expect((queries - idle.queries) / written).toBeLessThanOrEqual(0.1);
    });
  });

  async function madeSite(store: ObjectSite, films: number, url = server().url()): Promise<WorkSite> {
    const unmade = filmSite(filmsOf(1));
    store.publishHere(unmade);
    manifestThere(unmade, { url });
    const migrated = await rekiln(unmade.folder, "migrate");
    expect(migrated, migrated.stderr).toMatchObject({ code: 0 });
    return WorkSite.make(filmsOf(films), (site) => {
      store.publishHere(site);
      manifestThere(site, { url });
    });
  }
}
