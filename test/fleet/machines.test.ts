import { join } from "node:path";

import { expect, test } from "vitest";

import { build, Running } from "../support/cli.ts";
import type { Ended } from "../support/cli.ts";
import { StartedPostgres } from "../support/started-postgres.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "../e2e/film-site.ts";
import { workedOf } from "../e2e/work-site.ts";
import { makeLocalBucket } from "../localstack/local-bucket.ts";

const FILMS = 300;

/** One config for all machines: what differs comes from the environment, so that their templates have one fingerprint. */
function shareConfig(site: TemporarySite, database: string): void {
  const [, place = ""] = /s3\("s3:\/\/([^/]+)\//.exec(site.read("rekiln.config.ts")) ?? [];
  const [, where = ""] = /s3\("[^"]+", (\{[^}]*\})\)/.exec(site.read("rekiln.config.ts")) ?? [];
  const snapshots = `"s3://${place}/snapshots/", ${where}`;
  site.edit("rekiln.config.ts", " s3, sqs,", " postgresManifest, s3, snapshot, sqs,");
  site.edit(
    "rekiln.config.ts",
    'source: files("data/"),',
    `source: process.env["WRITER"] === "1" ? files("data/") : snapshot(${snapshots}),
  snapshots: s3(${snapshots}),
  manifest: postgresManifest({ url: ${JSON.stringify(database)} }),`,
  );
}

test("machines that share nothing but S3, SQS and Postgres make a site and follow its changes", async () => {
  await using server = await StartedPostgres.start();
  using bucket = await makeLocalBucket();
  const site = filmSite(filmsOf(FILMS));
  bucket.publishHere(site);
  shareConfig(site, server.url());
  const on = async (machine: string, ...args: readonly string[]): Promise<Ended> => {
    const environment = {
      REKILN_STATE: join(site.folder, `.state-${machine}`),
      WRITER: machine === "writer" ? "1" : "",
    };
    const ended = await new Running(site.folder, args, "", environment).ended;
    expect(ended.code, `${machine}: ${args.join(" ")}: ${ended.stdout}${ended.stderr}`).toBe(0);
    return ended;
  };
  const work = async (): Promise<void> => {
    const drains = ["one", "two"].map(async (machine) => on(machine, "work", "--until-empty", "--json"));
    for (const ended of await Promise.all(drains)) expect(workedOf(ended)).toMatchObject({ failed: 0, withheld: 0 });
  };
  const clean = async (films: Parameters<typeof filmSite>[0]): Promise<ReadonlyMap<string, string>> => {
    const other = filmSite(films);
    expect(await build(other.folder)).toMatchObject({ exitCode: 0 });
    return other.pages();
  };

  await on("writer", "migrate");
  await on("writer", "provision");
  await on("writer", "snapshot");
  await on("one", "build", "--fleet", "--no-wait");
  await work();
  expect(differences(await clean(filmsOf(FILMS)), await bucket.pages())).toEqual([]);

  const edited = filmsOf(FILMS).map((film, place) => (place % 3 === 0 ? { ...film, rating: 10 - film.rating } : film));
  const films = [...edited.slice(5), { ...filmOf(FILMS + 1), genres: ["noir", "new wave"] }];
  site.records("film", films);
  await on("writer", "snapshot");
  await work();
  expect(differences(await clean(films), await bucket.pages())).toEqual([]);
  // A machine that nobody knew goes over everything, and has nothing to mend.
  const audit = await on("three", "audit", "--deep", "--json");
  expect(JSON.parse(audit.stdout)).toMatchObject({ counts: { differs: 0, missing: 0, orphan: 0, foreign: 0 } });
}, 600_000);
