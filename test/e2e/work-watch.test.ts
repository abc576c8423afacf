import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, Running } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";
import { drain, workedOf } from "./work-site.ts";

/** Waits until a file of the output holds a text. @returns seconds */
async function shows(site: TemporarySite, file: string, text: string): Promise<number> {
  const started = performance.now();
  const path = join(site.folder, "dist", file);
  while (!existsSync(path) || !readFileSync(path, "utf8").includes(text)) {
    if (performance.now() - started > 60_000) throw new Error(`${file} doesn't show ${text} within a minute`);
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

test(
  "an edited template, config or static file is released, and a broken one is said",
  { timeout: 120_000 },
  async () => {
    const site = filmSite(filmsOf(30));
    site.write("paths.ts", "export const title = 'Home';\n");
    site.edit(
      "rekiln.config.ts",
      'import { z } from "zod";',
      'import { z } from "zod";\nimport { title } from "./paths.ts";',
    );
    site.edit("rekiln.config.ts", "load: async (read) => ({ genres", "load: async (read) => ({ title, genres");
    site.edit("templates/home.eta", "<h1>", "<h1><%= it.title %> ");
    expect(await build(site.folder)).toMatchObject({ exitCode: 0 });
    // Nobody registered it.
    site.edit("templates/film.eta", "<h1>", '<h1 class="first">');
    const running = new Running(site.folder, ["work", "--watch", "--json"]);
    await running.said(/epoch 2\): queued by route: film 30 pages/);
    await shows(site, "films/film-3/index.html", '<h1 class="first">');

    site.edit("templates/film.eta", "<% for (const genre", "<% for (const const genre");
    await running.said(/templates\/film\.eta:\d+: /);
    site.edit("rekiln.config.ts", "perPage: 50", "perPage: 0");
    await running.said(/routes\.genre\.list\.perPage: /);
    site.edit("rekiln.config.ts", "perPage: 0", "perPage: 50");
    site.edit("data/film.ndjson", '"Film 5"', '"Five"');
    await shows(site, "films/film-5/index.html", "Five");
    site.edit("templates/film.eta", "<% for (const const genre", "<% for (const genre");
    site.edit("templates/film.eta", '"first"', '"second"');
    await shows(site, "films/film-3/index.html", '<h1 class="second">');

    site.edit("paths.ts", "Home", "Start");
    await shows(site, "index.html", "<h1>Start ");
    site.write("static/robots.txt", "User-agent: *\n");
    await shows(site, "robots.txt", "User-agent");
    site.edit("static/site.css", "black", "blue");
    await shows(site, "site.css", "blue");
    site.edit("data/film.ndjson", '"Film 7"', '"Seven"');
    await shows(site, "films/film-7/index.html", "Seven");

    running.kill("SIGTERM");
    expect(workedOf(await running.ended)).toMatchObject({ ended: "stopped", removed: 0, failed: 0, exitCode: 0 });
    await drain(site.folder);
    const clean = site.copy();
    await build(clean.folder);
    // Copies of before go with the next build.
    expect(differences(clean.pages(), site.pages()).filter((line) => !/^new site\.[0-9a-f]+\.css$/.test(line))).toEqual(
      [],
    );
  },
);
