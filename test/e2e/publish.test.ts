import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import type { Outage } from "../../src/press/publisher.ts";
import { build, rekiln, rekilnReading } from "../support/cli.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { embeddedSite, queued, waiting } from "./embedded-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";

const namesOf = (site: TemporarySite): readonly string[] => queued(site).map(({ type, id }) => `${type}:${id}`);

test("an edited record of a mirrored source is published with what it was before; the build after it has nothing to follow", async () => {
  const films = filmsOf(20);
  const site = filmSite(films);
  await build(site.folder);
  expect(queued(site)).toEqual([]);
  site.records(
    "film",
    films.map((film) => (film.id === "7" ? { ...film, genres: ["noir"] } : film)),
  );

  const first = await rekiln(site.folder, "publish", "film:7", "film:8");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toBe(
    "1 changed\n1 unchanged in the source, nothing to publish: film:8\n1 event sent to the queue\n",
  );
  expect(queued(site)).toMatchObject([
    { type: "film", id: "7", fields: ["genres"], before: [{ fields: { genres: films[6]?.genres } }] },
  ]);

  const again = await rekiln(site.folder, "publish", "film:7", "--json");
  expect(JSON.parse(again.stdout)).toEqual({
    schema: "rekiln.publish.1",
    isMarked: false,
    changed: 0,
    unchangedCount: 1,
    unchanged: ["film:7"],
    refusedCount: 0,
    refused: [],
    events: { sent: 0, waiting: 0, tooLarge: 0, needsBuild: false },
    exitCode: 0,
  });
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, written: { changed: expect.any(Number) } });
});

test("a record that is gone is published as it is in the source, and one that is said to be gone must be", async () => {
  const films = filmsOf(5);
  const site = filmSite(films);
  await build(site.folder);
  site.records("film", films.slice(1));
  const gone = await rekiln(site.folder, "publish", "film:1", "--deleted");
  expect(gone).toMatchObject({ code: 0, stdout: "1 changed\n1 event sent to the queue\n" });
  const there = await rekiln(site.folder, "publish", "film:2", "--deleted");
  expect(there).toMatchObject({ code: 1, stderr: "film:2 is still there, in data/film.ndjson\n" });
  expect(namesOf(site)).toEqual(["film:1"]);
});

test("bad records of the source are named; the others are published", async () => {
  const films = filmsOf(5);
  const site = filmSite(films);
  await build(site.folder);
  site.records(
    "film",
    films.map((film) => (film.id === "2" ? { id: "2" } : { ...film, title: `${film.title}!` })),
  );
  const { code, stdout, stderr } = await rekiln(site.folder, "publish", "film:1");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "1 changed\n4 events sent to the queue\n" });
  expect(stderr).toMatch(/^data\/film\.ndjson:2: /);
});

test("changes from stdin are all checked before anything is stored", async () => {
  const site = embeddedSite();
  await rekilnReading('{"title":"Alien"}', site.folder, "put", "film:1");
  const good = Array.from({ length: 1200 }, (_, n) => `{"entity":"film:${n}\u2028"}\n`).join("");
  const bad = `${good}\n{"entity":"flim:1"}\n{"entity":"film:1","deleted":true}\nfilm:2\n{"entity":"film:${"x".repeat(70_000)}"}\n`;
  const refused = await rekilnReading(bad, site.folder, "publish", "--stdin");
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  const lines = refused.stderr.split("\n");
  expect(lines[0]).toBe('stdin:1202: there is no entity type "flim"');
  expect(lines[1]).toMatch(/^stdin:1204: not valid JSON/);
  expect(lines[2]).toMatch(/^stdin:1205: the id has 70000 bytes/);
  expect(lines[3]).toContain("Nothing was published");
  expect([namesOf(site), waiting(site)]).toEqual([["film:1"], []]);

  const taken = await rekilnReading(good, site.folder, "publish", "--stdin", "--json");
  expect(JSON.parse(taken.stdout)).toMatchObject({
    changed: 1200,
    refusedCount: 0,
    events: { sent: 1200 },
    exitCode: 0,
  });
  expect(namesOf(site).slice(-2)).toEqual(["film:1198\u2028", "film:1199\u2028"]);
  const there = await rekilnReading('{"type":"film","id":"1","deleted":true}', site.folder, "publish", "--stdin");
  expect(there).toMatchObject({ code: 1, stderr: "film:1 is still there: rekiln delete film:1\n" });
});

test("what can't be stored, since the entity store can't even be opened, is marked", async () => {
  const site = embeddedSite();
  await rekilnReading('{"title":"Alien"}', site.folder, "put", "film:1");
  for (const end of ["-wal", "-shm"]) rmSync(join(site.folder, `.rekiln/entities.db${end}`), { force: true });
  site.write(".rekiln/entities.db", "no database at all ".repeat(100));
  const marked = await rekiln(site.folder, "publish", "film:1");
  expect(marked).toMatchObject({ code: 0, stdout: "" });
  expect(marked.stderr).toMatch(/can't be stored now\. That there are some is marked/);
  const { since, until } = JSON.parse(site.read(".rekiln/outage.json")) as Outage;
  expect(Date.now() - since).toBeLessThan(60_000);
  expect(until).toBe(since);
});

test.each([
  { name: "no entity", args: [], says: /Name entities/ },
  { name: "entities beside --stdin", args: ["film:1", "--stdin"], says: /--stdin alone/ },
  { name: "--deleted beside --stdin", args: ["--stdin", "--deleted"], says: /--stdin alone/ },
  { name: "an entity without an id", args: ["film"], says: /like film:42/ },
  { name: "an entity of an unknown type", args: ["film:1", "flim:1"], says: /"flim"/ },
  { name: "an id that fits into no event", args: [`film:${"x".repeat(70_000)}`], says: /too many for an event/ },
])("$name is a usage error, and publishes nothing", async ({ args, says }) => {
  const site = embeddedSite();
  const { code, stdout, stderr } = await rekiln(site.folder, "publish", ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(says);
  expect([namesOf(site), waiting(site)]).toEqual([[], []]);
});

test("the library publishes from a program of its own", async () => {
  const site = embeddedSite();
  await rekilnReading('{"title":"Alien"}', site.folder, "put", "film:1");
  site.write(
    "publish.mjs",
    `import { publish } from "rekiln";
const done = await publish([{ type: "film", id: "1" }, { type: "film", id: "2", deleted: true }]);
let refused;
try { await publish({ type: "film", id: "1", title: "x" }); } catch (error) { refused = { code: error.code, message: error.message }; }
let there;
try { await publish({ type: "film", id: "1", deleted: true }); } catch (error) { there = { code: error.code, message: error.message }; }
console.log(JSON.stringify({ done, refused, there }));
`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ["publish.mjs"], { cwd: site.folder });
  expect(JSON.parse(stdout)).toEqual({
    done: { changed: 2, unchanged: 0, sent: 2, waiting: 0, marked: false, needsBuild: false },
    refused: { code: "change-refused", message: expect.stringContaining('unknown key "title"') },
    there: { code: "change-refused", message: expect.stringContaining("film:1 is still there") },
  });
  expect(namesOf(site)).toEqual(["film:1", "film:1", "film:2"]);
});
