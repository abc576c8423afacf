import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, Running } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";
import { workedOf } from "./work-site.ts";

/** Waits until a file of the output holds a text. @returns seconds */
async function shows(site: TemporarySite, file: string, text: string): Promise<number> {
  const started = performance.now();
  while (!readFileSync(join(site.folder, "dist", file), "utf8").includes(text)) {
    if (performance.now() - started > 20_000) throw new Error(`${file} doesn't show ${text} within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return (performance.now() - started) / 1000;
}

test("an edit of a file is on its pages a moment later", { timeout: 90_000 }, async () => {
  const films = filmsOf(100);
  const site = filmSite(films);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0 });
  // While nobody watches.
  site.edit("data/film.ndjson", '"Film 3"', '"Three"');
  const running = new Running(site.folder, ["work", "--watch", "--json"]);
  await running.said(/Working with/);
  await shows(site, "films/film-3/index.html", "Three");

  const seconds: number[] = [];
  const page = "films/film-7/index.html";
  site.edit("data/film.ndjson", '"Film 7"', '"Seven"');
  seconds.push(await shows(site, page, "Seven"));
  // As many editors save: beside it, and then over it.
  const file = join(site.folder, "data/film.ndjson");
  site.write("data/.film.ndjson.swp", readFileSync(file, "utf8").replace('"Seven"', '"Seven, saved"'));
  renameSync(join(site.folder, "data/.film.ndjson.swp"), file);
  seconds.push(await shows(site, page, "Seven, saved"));

  // Half of it is there for a while: nothing goes.
  const whole = readFileSync(file, "utf8").replace('"Seven, saved"', '"Seven, whole"');
  site.write("data/film.ndjson", whole.slice(0, whole.length * 0.6));
  await running.said(/film\.ndjson:\d+: /);
  seconds.push(await shows(site, page, "Seven, whole"));
  site.write("data/film.ndjson", whole);
  site.edit("data/director.ndjson", '"Director 2"', '"Ridley"');
  seconds.push(await shows(site, "films/film-2/index.html", "Ridley"));
  expect(seconds.toSorted((left, right) => left - right)[1]).toBeLessThan(2);

  running.kill("SIGTERM");
  expect(workedOf(await running.ended)).toMatchObject({ ended: "stopped", removed: 0, failed: 0, exitCode: 0 });
  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
});
