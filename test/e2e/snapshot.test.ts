import { beforeEach, describe, expect, test } from "vitest";

import { rekiln } from "../support/cli.ts";
import { examine } from "../../src/system/doctor.ts";
import { loadConfig } from "../../src/site/load-config.ts";
import { buildHere, configOf } from "../support/run-in-process.ts";
import { drainHere, SnapshotFleet, snapshotHere, workHere } from "../support/snapshot-fleet.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import type { Film } from "./film-site.ts";

let fleet: SnapshotFleet;
let films: Map<string, Film>;
let writer: TemporarySite;
let reader: TemporarySite;

beforeEach(async () => {
  fleet = await SnapshotFleet.start();
  films = new Map(filmsOf(12).map((film) => [film.id, film]));
  const site = filmSite([...films.values()]);
  reader = fleet.makeReader(site);
  writer = fleet.makeWriter(site);
});

/** Edits a film where the source is; undefined removes it. */
function edit(id: string, change: Partial<Film> | undefined): void {
  const before = films.get(id) ?? filmOf(Number(id));
  if (change === undefined) films.delete(id);
  else films.set(id, { ...before, ...change });
  writer.records("film", [...films.values()]);
}

/** How the reader's pages differ from those of a clean build of the films as they are. */
async function differencesFromClean(): Promise<readonly string[]> {
  const clean = filmSite([...films.values()]);
  await buildHere(clean);
  return differences(clean.pages(), reader.pages());
}

describe("a machine that reads snapshots", () => {
  test("equals a clean build of what a source of rekiln's own holds, before and after it changes", async () => {
    writer.edit("rekiln.config.ts", 'files("data/")', "embedded()");
    writer.edit("rekiln.config.ts", " files, json,", " embedded, json,");
    const importAll = async (): Promise<void> => {
      const imported = await rekiln(writer.folder, "import", "data/film.ndjson", "data/director.ndjson");
      expect(imported, imported.stderr).toMatchObject({ code: 0 });
    };
    await importAll();
    expect(await snapshotHere(writer)).toMatchObject({ did: "written" });
    await buildHere(reader);
    expect(await differencesFromClean()).toEqual([]);
    edit("7", { title: "Seven", rating: 9.9 });
    edit("31", {});
    await importAll();
    films.delete("12");
    expect(await rekiln(writer.folder, "delete", "film:12")).toMatchObject({ code: 0 });
    expect(await snapshotHere(writer)).toMatchObject({ inserted: 1, updated: 1, deleted: 1 });
    expect((await drainHere(reader)).result).toMatchObject({ ended: "empty", released: 0 });
    expect(await differencesFromClean()).toEqual([]);
  });

  test("builds and drains what another one has written, and equals a clean build", async () => {
    expect(await snapshotHere(writer)).toMatchObject({ did: "written", inserted: 0, lastVersion: undefined });
    await buildHere(reader);
    expect(await differencesFromClean()).toEqual([]);
    edit("7", { title: "Seven", rating: 9.9 });
    edit("9", { slug: "nine" });
    edit("12", undefined);
    edit("31", {});
    const { version, inserted, updated, deleted, written } = await snapshotHere(writer);
    expect({ inserted, updated, deleted, events: written?.events }).toEqual({
      inserted: 1,
      updated: 2,
      deleted: 1,
      events: 4,
    });
    const { result } = await drainHere(reader);
    expect(result).toMatchObject({ ended: "empty", released: 0 });
    expect(result.tally.setAside).toBe(0);
    expect(await differencesFromClean()).toEqual([]);
    expect(fleet.current().version).toBe(version);
    // The same data again, another machine: nothing is left to do, and nobody sends what the writer has sent.
    const other = fleet.makeReader(filmSite([...films.values()]));
    await buildHere(other);
    expect(differences(other.pages(), reader.pages())).toEqual([]);
    expect((await drainHere(reader)).result.tally.messages).toBe(0);
  });

  test("sets aside what asks for a newer snapshot, says why, ends all the same, and does it once that is there", async () => {
    await snapshotHere(writer);
    await buildHere(reader);
    edit("7", { title: "Seven" });
    // The application tells of its change at once; the snapshot comes later.
    expect(await rekiln(writer.folder, "publish", "film:7")).toMatchObject({ code: 0 });
    const before = reader.pages();
    const { result, warned } = await drainHere(reader);
    expect(result).toMatchObject({ ended: "empty" });
    expect(result.tally).toMatchObject({ rendered: 0, discarded: 0 });
    expect(result.tally.setAside).toBeGreaterThan(0);
    expect(warned).toContainEqual(expect.stringMatching(/^Changes up to version 2 wait: the snapshot has version 1\./));
    expect(differences(before, reader.pages())).toEqual([]);
    await snapshotHere(writer);
    expect((await drainHere(reader)).result.tally).toMatchObject({ discarded: 0 });
    expect(await differencesFromClean()).toEqual([]);
  });

  test("that works on and on loads the snapshot that a message asks for", async () => {
    await snapshotHere(writer);
    await buildHere(reader);
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const working = workHere(reader, stop.signal, {
      onReady: () => ready.resolve(),
      onProgress: (tally) => {
        if (tally.written > 0) written.resolve();
      },
    });
    await ready.promise;
    edit("7", { title: "Seven" });
    await snapshotHere(writer);
    await written.promise;
    stop.abort();
    await working;
    await drainHere(reader);
    expect(await differencesFromClean()).toEqual([]);
  });

  test("edits nothing, and says where that is done", async () => {
    await snapshotHere(writer);
    const { code, stderr } = await rekiln(reader.folder, "delete", "film:7");
    expect(code).toBe(2);
    expect(stderr).toContain("is a snapshot: rekiln only reads it here");
    expect(stderr).toContain("Edit the source that s3://films/snapshots/ is written from on its own machine");
  });

  test("keeps what it has loaded when the next snapshot is broken, and says what to do", async () => {
    await snapshotHere(writer);
    await buildHere(reader);
    edit("7", { title: "Seven" });
    await snapshotHere(writer);
    const part = fleet.parts().find((key) => key.includes(`${fleet.current().name}/1-film`)) ?? "";
    const stored = fleet.object(part);
    fleet.replace(part, Buffer.concat([stored.content.subarray(0, -1), Buffer.from("x")]));
    await expect(buildHere(reader)).rejects.toMatchObject({
      code: "snapshot-broken",
      message: expect.stringContaining("its bytes aren't those that were written"),
    });
    fleet.replace(part, undefined);
    await expect(buildHere(reader)).rejects.toMatchObject({ code: "snapshot-gone" });
    const { result, warned } = await drainHere(reader);
    expect(warned).toContainEqual(expect.stringContaining("which was loaded before"));
    expect(result.tally).toMatchObject({ rendered: 0, failed: 0 });
    expect(result.tally.setAside).toBeGreaterThan(0);
    // The writer can't compare either; begun anew, readers find out themselves what changed for them.
    edit("8", { title: "Eight" });
    await expect(snapshotHere(writer)).rejects.toMatchObject({ code: "snapshot-gone" });
    expect(await snapshotHere(writer, { isAnew: true })).toMatchObject({ did: "written", inserted: 0 });
    await drainHere(reader);
    expect(await differencesFromClean()).toEqual([]);
  });

  test("says that there is no snapshot, or that one of before was put in place", async () => {
    await expect(buildHere(reader)).rejects.toMatchObject({ code: "snapshot-absent" });
    const config = await loadConfig(configOf(reader), { ...process.env });
    expect(await examine(config)).toContainEqual(expect.objectContaining({ kind: "bad", what: "source" }));
    await snapshotHere(writer);
    expect(await examine(config)).toContainEqual({
      kind: "good",
      what: "source",
      says: expect.stringMatching(/^the snapshot at s3:\/\/films\/snapshots\/ has version 1, 19 entities, /),
    });
    const first = fleet.bucketCopy();
    edit("7", { title: "Seven" });
    await snapshotHere(writer);
    await buildHere(reader);
    fleet.restore(first);
    await expect(buildHere(reader)).rejects.toMatchObject({
      code: "snapshot-older",
      hint: expect.stringContaining("rekiln snapshot --above 2"),
    });
    expect(await snapshotHere(writer, { above: 2 })).toMatchObject({ did: "written", updated: 1 });
    await buildHere(reader);
    expect(await differencesFromClean()).toEqual([]);
  });
});

describe("rekiln snapshot", () => {
  test("writes nothing where nothing changed, and the version alone where the data is the same", async () => {
    const { version } = await snapshotHere(writer);
    const before = fleet.requests();
    expect(await snapshotHere(writer)).toMatchObject({ did: "unchanged", version });
    expect(fleet.requests() - before).toBeLessThan(10);
    const name = films.get("7")?.title ?? "";
    edit("7", { title: "Seven" });
    await rekiln(writer.folder, "publish", "film:7");
    edit("7", { title: name });
    const parts = fleet.parts();
    // Events were published that ask for these versions.
    expect(await snapshotHere(writer)).toMatchObject({ did: "renewed", version: version + 2 });
    expect(fleet.parts()).toEqual(parts);
    expect(fleet.current().version).toBe(version + 2);
  });

  test("says in a dry run what differs, and stores and sends nothing", async () => {
    await snapshotHere(writer);
    const stored = [...fleet.bucketCopy()].map(([key, { etag }]) => [key, etag]);
    edit("7", { title: "Seven" });
    const { code, stdout } = await rekiln(writer.folder, "snapshot", "--dry-run");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("would get version 2: 19 entities, since version 1: 0 new, 1 changed, 0 gone"),
    });
    expect([...fleet.bucketCopy()].map(([key, { etag }]) => [key, etag])).toEqual(stored);
    const json = await rekiln(writer.folder, "snapshot", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: "rekiln.snapshot.1",
      did: "written",
      version: 2,
      differences: { inserted: 0, updated: 1, deleted: 0 },
      events: 1,
      exitCode: 0,
    });
  });

  test("counts on above the last snapshot where the writer's state was lost", async () => {
    edit("7", { title: "Six" });
    await snapshotHere(writer);
    edit("7", { title: "Seven" });
    const { version } = await snapshotHere(writer);
    await buildHere(reader);
    writer.remove(".rekiln/");
    expect((await snapshotHere(writer)).version).toBeGreaterThan(version);
    writer.remove(".rekiln/");
    edit("8", { title: "Eight" });
    const again = await snapshotHere(writer);
    expect(again).toMatchObject({ updated: 1, inserted: 0 });
    expect(again.version).toBeGreaterThan(version + 1);
    await drainHere(reader);
    expect(await differencesFromClean()).toEqual([]);
  });

  test("keeps the newest few, and removes what a killed writer left", async () => {
    await snapshotHere(writer);
    const left = "snapshots/snapshots/00000000000000000001-deadbeef/0-film-00000.ndjson.gz";
    fleet.replace(left.slice("snapshots/snapshots/".length), Buffer.from("half"));
    for (const title of ["a", "b", "c"]) {
      edit("7", { title });
      await snapshotHere(writer, { keep: 2 });
    }
    const names = new Set(fleet.parts().map((key) => key.split("/")[0]));
    expect(names.size).toBe(2);
    expect(names).toContain(fleet.current().name);
    expect(names).not.toContain("00000000000000000001-deadbeef");
  });

  test("is refused while another one runs, and tells those who call it wrongly what to do", async () => {
    await expect(snapshotHere(reader)).rejects.toMatchObject({ code: "snapshot-usage" });
    const { code, stderr } = await rekiln(filmSite([]).folder, "snapshot");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("--to s3://bucket/prefix") });
    const results = await Promise.allSettled([
      snapshotHere(writer, { to: "s3://films/other" }),
      snapshotHere(writer, { to: "s3://films/other" }),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "snapshot-running" } });
  });
});
