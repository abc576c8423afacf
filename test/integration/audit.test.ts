import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect, test } from "vitest";

import { NO_METRICS } from "../../src/press/work-metrics.ts";
import { rebuildManifest } from "../../src/system/rebuild-manifest.ts";
import { runPrune } from "../../src/system/run-prune.ts";
import { runSweep } from "../../src/system/run-sweep.ts";
import { filmOf, filmSite, filmsOf } from "../e2e/film-site.ts";
import type { Film } from "../e2e/film-site.ts";
import { plantCorruptions } from "../support/plant-corruptions.ts";
import { auditHere, buildHere, configOf, quiet } from "../support/run-in-process.ts";
import type { TemporarySite } from "../support/temporary-site.ts";

const manifestOf = (site: TemporarySite): string => {
  const name = readdirSync(join(site.folder, ".rekiln")).find((file) => /^manifest-.*\.db$/.test(file));
  if (name === undefined) throw new Error("there is no manifest");
  return join(site.folder, ".rekiln", name);
};

/** The whole measure is 100,000: `npm run test:audit`. */
const FILMS = Number(process.env["REKILN_AUDIT_FILMS"] ?? 120);
/** How often each kind of corruption is planted. */
const EACH = Math.max(7, Math.floor(FILMS / 100));

test("an audit finds what was planted, all of it and nothing else, and mends it", { timeout: 1_800_000 }, async () => {
  // A film shows others of its genres: with a few genres for all, each page would read a third of the films.
  const genreOf = (film: Film): string => `genre ${Number(film.id) % Math.ceil(FILMS / 60)}`;
  const site = filmSite(filmsOf(FILMS).map((film) => ({ ...film, genres: [genreOf(film)] })));
  await buildHere(site);
  expect((await auditHere(site, { isDeep: true })).findings).toEqual([]);
  const before = site.pages();
  const planted = plantCorruptions(join(site.folder, "dist"), EACH, Math.floor(FILMS / (2 * EACH)));
  const found = await auditHere(site);
  expect(new Set(found.findings.map(({ kind, where }) => `${kind} ${where}`))).toEqual(planted);
  expect(found.findings).toHaveLength(planted.size);

  const { repaired } = await auditHere(site, { repairs: true });
  expect(repaired).toEqual({ pages: 2 * EACH, removed: EACH, withheld: 0, failed: 0 });
  const left = await auditHere(site);
  expect(left.counts).toEqual({ differs: 0, missing: 0, orphan: 0, temporary: 0, foreign: EACH });
  const foreign = new Set(left.findings.map(({ where }) => where));
  expect(new Map([...site.pages()].filter(([file]) => !foreign.has(file)))).toEqual(before);
});

test("only a deep audit finds pages whose data changed unseen", async () => {
  const site = filmSite(filmsOf(12));
  await buildHere(site);
  // An entity that changes in the mirror without an event, and without a change row.
  using entities = new DatabaseSync(join(site.folder, ".rekiln/entities.db"));
  const { number } = entities.prepare("SELECT number FROM type WHERE name = 'film'").get() ?? {};
  entities.exec(`UPDATE e${Number(number)} SET data = replace(data, 'Film 2"', 'Film Two"') WHERE id = '2'`);
  expect((await auditHere(site)).findings).toEqual([]);
  const deep = await auditHere(site, { isDeep: true });
  expect(deep.findings.map(({ kind, key }) => `${kind} ${key}`)).toContain("differs film/2");
  expect(deep.counts).toMatchObject({ missing: 0, orphan: 0, foreign: 0 });
});

test.each(["deleted", "cut short", "overwritten"])(
  "a manifest that was %s is made anew, and no page that is right is written",
  async (how) => {
    const site = filmSite(filmsOf(20));
    await buildHere(site);
    const marks = site.marks();
    const file = manifestOf(site);
    for (const end of ["-wal", "-shm"]) rmSync(file + end, { force: true });
    if (how === "deleted") rmSync(file);
    else if (how === "cut short") writeFileSync(file, readFileSync(file).subarray(0, 5000));
    else writeFileSync(file, Buffer.alloc(20_000, "nonsense"));
    if (how !== "deleted") await expect(buildHere(site)).rejects.toMatchObject({ code: "manifest-damaged" });
    const options = { configFile: configOf(site), concurrency: 1, maxDeletes: undefined };
    const { result } = await rebuildManifest(options, quiet());
    expect(Object.values(result.tally.written).reduce((sum, pages) => sum + pages, 0)).toBe(0);
    expect(site.marks()).toEqual(marks);
    expect((await auditHere(site, { isDeep: true })).findings).toEqual([]);
  },
);

test(
  "removals above the cap are withheld until prune is told to do them; a sweep doesn't",
  { timeout: 120_000 },
  async () => {
    const site = filmSite(filmsOf(130));
    await buildHere(site);
    site.records("film", [filmOf(1)]);
    const { result } = await buildHere(site);
    expect(result.withheld).toBeGreaterThan(100);
    const how = { periodSeconds: 3600, rate: undefined, once: true, isDeep: false, routes: undefined, concurrency: 1 };
    const sweepOptions = { configFile: configOf(site), ...how, maxDeletes: undefined };
    const swept = await runSweep(sweepOptions, { ...quiet(), metrics: NO_METRICS });
    expect(swept.tally.pages.removed).toBe(0);
    expect(existsSync(join(site.folder, "dist/films/film-100/index.html"))).toBe(true);

    const prune = async (isDryRun: boolean, maxDeletes?: number) =>
      runPrune(
        { configFile: configOf(site), isDryRun, maxDeletes },
        { ...process.env },
        new AbortController().signal,
        () => undefined,
      );
    expect(await prune(false)).toMatchObject({ plan: { isWithheld: true }, pages: 0 });
    expect(await prune(true, 1000)).toMatchObject({ plan: { isWithheld: false }, pages: 0 });
    expect(existsSync(join(site.folder, "dist/films/film-100/index.html"))).toBe(true);
    expect((await prune(false, 1000)).pages).toBeGreaterThan(100);
    expect(existsSync(join(site.folder, "dist/films/film-100/index.html"))).toBe(false);
    const clean = filmSite([filmOf(1)]);
    await buildHere(clean);
    expect(site.filesButSitemaps()).toEqual(clean.filesButSitemaps());
  },
);
