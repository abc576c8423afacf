import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, rekiln, rekilnReading } from "../support/cli.ts";
import { embeddedSite, queued, storedIds, waiting } from "./embedded-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";

test("a site whose source rekiln owns is built from what was put, patched and deleted", async () => {
  const site = embeddedSite();
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, pages: 0 });

  const put = await rekilnReading('{"title":"Alien","genres":["sf","horror"]}', site.folder, "put", "film:1");
  expect(put).toMatchObject({ code: 0, stderr: "" });
  expect(put.stdout).toMatch(/^film:1 inserted, version \d+\n1 event sent to the queue\n$/);
  site.write("2.json", '{"id":"2:b","title":"Brazil","genres":["sf"]}');
  expect(await rekiln(site.folder, "put", "film:2:b", "--file", "2.json")).toMatchObject({ code: 0 });
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, pages: 4, wrote: 4 });
  expect(site.filesButSitemaps()).toEqual([
    "films/1/index.html",
    "films/2-b/index.html",
    "genres/horror/index.html",
    "genres/sf/index.html",
  ]);

  expect(await rekilnReading('{"genres":["sf"]}', site.folder, "patch", "film:1")).toMatchObject({ code: 0 });
  expect(await rekiln(site.folder, "delete", "film:2:b")).toMatchObject({ code: 0, stderr: "" });
  // The deleted page of the film, its genre that is gone, and the list that it left.
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, pages: 2, wrote: 1, removed: 2 });
  expect(site.filesButSitemaps()).toEqual(["films/1/index.html", "genres/sf/index.html"]);

  expect(queued(site).map(({ id }) => id)).toEqual(["1", "2:b", "1", "2:b"]);
  expect(queued(site)[2]).toMatchObject({ fields: ["genres"], before: [{ fields: { genres: ["sf", "horror"] } }] });
  expect(waiting(site)).toEqual([]);
  const clean = embeddedSite();
  await rekilnReading('{"title":"Alien","genres":["sf"]}', clean.folder, "put", "film:1");
  await build(clean.folder);
  expect(site.pages()).toEqual(clean.pages());
});

test("what changes nothing writes nothing, sends nothing, and says so", async () => {
  const site = embeddedSite();
  const again = async (...args: readonly string[]): Promise<object> => {
    const { code, stdout, stderr } = await rekilnReading('{"title":"Alien"}', site.folder, ...args);
    return { code, said: JSON.parse(stdout), stderr };
  };
  const events = { sent: 1, waiting: 0, tooLarge: 0, needsBuild: false };
  expect(await again("put", "film:1", "--json")).toEqual({
    code: 0,
    stderr: "",
    said: {
      schema: "rekiln.put.1",
      entity: "film:1",
      did: "inserted",
      version: expect.any(Number),
      events,
      exitCode: 0,
    },
  });
  for (const command of ["put", "patch"]) {
    const said = {
      schema: `rekiln.${command}.1`,
      entity: "film:1",
      did: "same",
      events: { ...events, sent: 0 },
      exitCode: 0,
    };
    expect(await again(command, "film:1", "--json")).toEqual({ code: 0, stderr: "", said });
  }
  expect(await again("delete", "film:2", "--json")).toMatchObject({ code: 0, said: { did: "absent" } });
  expect(queued(site)).toHaveLength(1);
});

test.each([
  {
    name: "a record that the schema refuses",
    args: ["put", "film:1"],
    input: '{"title":5}',
    code: 1,
    says: /^film:1 is refused: title: /,
  },
  {
    name: "another id than was named",
    args: ["put", "film:1"],
    input: '{"id":"2","title":"x"}',
    code: 1,
    says: /its id would be "2", not "1"/,
  },
  {
    name: "a patch of what isn't there",
    args: ["patch", "film:1"],
    input: '{"title":"x"}',
    code: 1,
    says: /^film:1 isn't there\n$/,
  },
  { name: "a patch that is no object", args: ["patch", "film:1"], input: '["x"]', code: 2, says: /JSON object/ },
  { name: "no JSON", args: ["put", "film:1"], input: "{title}", code: 2, says: /^stdin can't be read: not valid JSON/ },
  { name: "nothing", args: ["put", "film:1"], input: "", code: 2, says: /^stdin can't be read: not valid JSON/ },
  {
    name: "a file that isn't there",
    args: ["put", "film:1", "--file", "no.json"],
    input: "",
    code: 2,
    says: /^no\.json can't be read/,
  },
  { name: "an unknown type", args: ["put", "flim:1"], input: "{}", code: 2, says: /"flim".*\nUse one of: film/ },
  { name: "no entity", args: ["delete", "film"], input: "", code: 2, says: /like film:42/ },
  { name: "records without a type", args: ["import"], input: "{}", code: 2, says: /--type film/ },
  { name: "records of an unknown type", args: ["import", "--type", "flim"], input: "{}", code: 2, says: /"flim"/ },
])("$name is refused, and nothing is stored", async ({ args, input, code, says }) => {
  const site = embeddedSite();
  const ended = await rekilnReading(input, site.folder, ...args);
  expect(ended).toMatchObject({ code, stdout: "" });
  expect(ended.stderr).toMatch(says);
  expect(storedIds(site)).toEqual([]);
  expect(waiting(site)).toEqual([]);
});

test("a source of files is read only: the file to edit is named", async () => {
  const site = filmSite(filmsOf(2));
  for (const args of [
    ["put", "film:1"],
    ["patch", "film:1"],
    ["delete", "film:1"],
  ]) {
    const { code, stdout, stderr } = await rekilnReading("{}", site.folder, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Edit data/film.ndjson, then run rekiln publish film:1, or rekiln build.");
  }
  const imported = await rekilnReading("{}", site.folder, "import", "--type", "film");
  expect(imported).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Edit data/film.ndjson, then run rekiln build."),
  });
  site.remove("data/film.ndjson");
  site.write("data/film/7.json", "{}");
  site.write("data/film/8.json", "{}");
  expect((await rekiln(site.folder, "delete", "film:7")).stderr).toContain("Edit data/film/7.json,");
  expect((await rekiln(site.folder, "delete", "film:9")).stderr).toContain(
    "Edit the file in data/film/ that holds it,",
  );
});

test("a queue that can't be written loses nothing: what was put waits in the outbox and goes with the next", async () => {
  const site = embeddedSite();
  const blocked = join(site.folder, ".rekiln", "queue-live.db");
  mkdirSync(blocked, { recursive: true });
  const put = await rekilnReading('{"title":"Alien"}', site.folder, "put", "film:1");
  expect(put).toMatchObject({ code: 0, stdout: expect.stringMatching(/^film:1 inserted, version \d+\n$/) });
  expect(put.stderr).toMatch(/queue-live\.db.*\n1 change waits in the outbox/);
  expect(waiting(site)).toEqual(["film:1"]);
  rmSync(blocked, { recursive: true });
  const next = await rekilnReading('{"title":"Brazil"}', site.folder, "put", "film:2");
  expect(next).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("2 events sent") });
  expect(waiting(site)).toEqual([]);
  expect(queued(site).map(({ id }) => id)).toEqual(["1", "2"]);
});

test("what waits in the outbox needs no queue once a build has passed it", async () => {
  const site = embeddedSite();
  mkdirSync(join(site.folder, ".rekiln", "queue-live.db"), { recursive: true });
  await rekilnReading('{"title":"Alien"}', site.folder, "put", "film:1");
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, wrote: 1 });
  expect(waiting(site)).toEqual([]);
});

test("records are imported from files and from stdin; bad ones are named, and the others are taken", async () => {
  const site = embeddedSite();
  const lines = Array.from({ length: 5000 }, (_, n) => `{"id":"${n}","title":"Film ${n}"}\n`);
  site.write("film.ndjson", `${lines.join("")}\n{"id":"x"}\nnonsense\n{"id":"0","title":"Again"}`);
  const first = await rekiln(site.folder, "import", "film.ndjson", "--json");
  expect(first.code).toBe(1);
  expect(JSON.parse(first.stdout)).toMatchObject({
    schema: "rekiln.import.1",
    records: 5003,
    inserted: 5000,
    updated: 1,
    same: 0,
    refusedCount: 2,
    refused: [
      { place: "film.ndjson:5002", message: expect.stringContaining("title") },
      { place: "film.ndjson:5003", message: expect.stringContaining("not valid JSON") },
    ],
    // The two changes of one film stand far from each other.
    events: { sent: 5001, waiting: 0 },
    exitCode: 1,
  });
  expect(first.stderr).toContain("film.ndjson:5002: title");
  expect(storedIds(site)).toHaveLength(5000);
  const second = await rekilnReading(lines.join(""), site.folder, "import", "--type", "film");
  expect(second).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/^5,000 records: 0 new, 1 changed, 4,999 as they were, 0 bad\n1 event sent/),
  });
});
