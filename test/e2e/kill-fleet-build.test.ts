import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";

import { expect, test } from "vitest";

import { build, Running } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";
import { ObjectSite } from "./object-site.ts";
import { drain } from "./work-site.ts";

test("whoever waits says how it went; a killed worker costs its shard only", { timeout: 240_000 }, async () => {
  const store = await ObjectSite.start();
  const site = filmSite(filmsOf(400));
  store.publishHere(site);
  const waiting = new Running(site.folder, ["build", "--fleet", "--json"]);
  await waiting.said(/Nobody seems to work/);
  const killed = new Running(site.folder, ["work", "--concurrency", "1"]);
  while (store.pages().size < 20) await setTimeout(20);
  killed.kill("SIGKILL");
  await killed.ended;
  const made = store.pages().size;
  expect(made).toBeLessThan(400);
  // What time alone would do: its messages can be received again.
  for (const lane of ["live", "bulk"]) {
    using database = new DatabaseSync(`${site.folder}/.rekiln/queue-${lane}.db`, { timeout: 5000 });
    database.prepare("UPDATE message SET due = ? WHERE is_held = 1").run(Date.now());
  }
  const workers = [1, 2].map(async () => drain(site.folder, "--concurrency", "1"));
  for (const { failed, exitCode } of await Promise.all(workers))
    expect({ failed, exitCode }).toEqual({ failed: 0, exitCode: 0 });
  const { code, stdout } = await waiting.ended;
  expect(JSON.parse(stdout)).toMatchObject({ isDone: true, failed: 0, exitCode: 0 });
  expect(code).toBe(0);
  const clean = filmSite(filmsOf(400));
  await build(clean.folder);
  expect(differences(clean.pages(), store.pages())).toEqual([]);
});
