import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test, vi } from "vitest";
import { z } from "zod";

import { rekiln, Running } from "../support/cli.ts";
import { filmsOf } from "./film-site.ts";
import { WorkSite } from "./work-site.ts";

const summarySchema = z.object({
  schema: z.literal("rekiln.sweep/1"),
  ended: z.string(),
  swept: z.number(),
  proven: z.number(),
  found: z.number(),
  rendered: z.number(),
  written: z.number(),
  removed: z.number(),
  drift: z.record(z.string(), z.number()),
  drifts: z.array(z.object({ key: z.string(), cause: z.string(), detail: z.string() })),
  exitCode: z.number(),
});

const workSchema = z.object({
  ended: z.string(),
  changes: z.number(),
  sweep: z.object({ swept: z.number(), drift: z.record(z.string(), z.number()) }),
  exitCode: z.number(),
});

async function sweep(folder: string, ...args: readonly string[]) {
  const { stdout, stderr, code } = await rekiln(folder, "sweep", "--once", "--json", ...args);
  if (stdout === "") throw new Error(`sweep printed nothing and ended with ${code}: ${stderr}`);
  return summarySchema.parse(JSON.parse(stdout));
}

test("a sweep mends what lost events left: a creation, a move, a removal", async () => {
  const site = await WorkSite.make(filmsOf(12));
  await site.put({ ...site.film("4"), title: "Moved", genres: ["western"] });
  await site.put({ ...site.film("5"), id: "new", slug: "new-one", title: "New" });
  await site.delete("6");
  expect(await rekiln(site.folder, "queue", "purge", "--yes")).toMatchObject({ code: 0 });

  const first = await sweep(site.folder);
  expect(first).toMatchObject({ ended: "done", removed: 1, exitCode: 0 });
  expect(first.drifts.map(({ key, cause }) => `${key} ${cause}`)).toEqual(
    expect.arrayContaining([
      "film/4 event-lost",
      "film/new event-lost",
      "film/6 event-lost",
      "genre/western event-lost",
    ]),
  );
  expect(await site.differencesFromClean()).toEqual([]);

  const second = await sweep(site.folder);
  expect(second).toMatchObject({ written: 0, drifts: [] });
  expect(second.proven).toBeGreaterThan(second.rendered);

  const { stdout } = await rekiln(site.folder, "status");
  expect(stdout).toContain("an event was lost: film:");

  // Beside a worker it goes on until the worker ends.
  await site.put({ ...site.film("7"), title: "Unheard of" });
  expect(await rekiln(site.folder, "queue", "purge", "--yes")).toMatchObject({ code: 0 });
  const working = new Running(site.folder, ["work", "--sweep", "--period", "1min", "--json"]);
  const page = join(site.folder, "dist", `films/${site.film("7").slug}/index.html`);
  await vi.waitUntil(() => readFileSync(page, "utf8").includes("Unheard of"), { timeout: 60_000, interval: 50 });
  working.kill("SIGTERM");
  const ended = workSchema.parse(JSON.parse((await working.ended).stdout));
  expect(ended).toMatchObject({ ended: "stopped", changes: 0, exitCode: 0 });
  expect(ended.sweep.drift["event-lost"]).toBeGreaterThan(0);
}, 90_000);

test("a sweep tells a file that was changed, a template that isn't deterministic and an input that isn't recorded apart", async () => {
  const secret = "export-of-somebody.txt";
  const site = await WorkSite.make(filmsOf(4), (made) => {
    made.write(secret, "1");
    made.edit("rekiln.config.ts", "import { z", 'import { readFileSync } from "node:fs";\nimport { z');
    const told = `told: readFileSync(new URL("${secret}", import.meta.url), "utf8"), genres: await`;
    made.edit("rekiln.config.ts", "genres: await", told);
    made.write("templates/home.eta", "<!doctype html><title>Home</title><p><%= it.told %></p>");
    made.write("templates/films.eta", "<!doctype html><title>Films</title>\n<p><%= Math.random() %></p>");
  });
  site.site.write(secret, "2");
  writeFileSync(join(site.folder, "dist/films/film-1/index.html"), "<p>mine</p>");
  rmSync(join(site.folder, "dist/films/film-2/index.html"));
  const { drifts, exitCode } = await sweep(site.folder, "--deep", "--max-drift", "1");
  expect(Object.fromEntries(drifts.map(({ key, cause }) => [key, cause]))).toEqual({
    home: "dependency-not-recorded",
    films: "not-deterministic",
    "film/1": "store",
    "film/2": "store",
  });
  expect(drifts.find(({ key }) => key === "films")?.detail).toContain("line 2");
  expect(exitCode).toBe(1);
  const { stdout } = await rekiln(site.folder, "explain", "films");
  expect(stdout).toMatch(/it has drifted:\n {2}\S+ .*two renders of the same data differ: line 2 of/);
  expect(await sweep(site.folder, "--deep", "--max-drift", "50%")).toMatchObject({
    exitCode: 0,
    drift: { "not-deterministic": 1 },
  });
}, 90_000);
