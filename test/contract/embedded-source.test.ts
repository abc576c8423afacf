import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";

import type { EntityData, EntityModel } from "../../src/core/entity.ts";
import type { Edit, EditOutcome } from "../../src/source/edit.ts";
import type { EmbeddedSource } from "../../src/source/embedded-source.ts";
import { FilesSource } from "../../src/source/files-source.ts";
import { embeddedHarness, modelsOf, openEmbedded } from "./embedded-harness.ts";
import { sourceContract } from "./source-contract.ts";
import { temporaryFolder } from "./temporary-folder.ts";

sourceContract("embedded", (index) => embeddedHarness(temporaryFolder(), index), "owner");

const filmSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    genres: z.array(z.string()).default([]),
    released: z.string().default("1979"),
  })
  .transform((film) => ({ ...film, year: film.released.slice(0, 4) }));
const film: EntityModel = { name: "film", schema: filmSchema, index: ["genres", "year"] };

describe("embedded", () => {
  let folder: string;
  let source: EmbeddedSource;

  beforeEach(() => {
    folder = temporaryFolder();
    source = openEmbedded(folder, new Map([["film", film]]));
  });

  const apply = async (...edits: readonly Edit[]): Promise<readonly EditOutcome[]> => source.apply(edits);
  const put = async (input: unknown): Promise<EditOutcome | undefined> =>
    (await apply({ kind: "put", type: "film", input }))[0];
  const patch = async (id: string, fields: Readonly<Record<string, unknown>>): Promise<EditOutcome | undefined> =>
    (await apply({ kind: "patch", type: "film", id, fields }))[0];
  const stored = (id: string): EntityData | undefined => {
    using reader = source.reader();
    return reader.snapshot().get("film", id)?.data;
  };
  /** Tells whether anything was written in between. */
  const watch = (): (() => unknown) => {
    const database = new DatabaseSync(join(folder, "entities.db"), { readOnly: true });
    return () => database.prepare("PRAGMA data_version").get()?.["data_version"];
  };

  test("stores what the schema gives out", async () => {
    expect(await put({ id: "1", title: "Alien", extra: 1 })).toMatchObject({ kind: "inserted", id: "1", version: 1 });
    expect(stored("1")).toEqual({ id: "1", title: "Alien", genres: [], released: "1979", year: "1979" });
    expect(await put({ id: "1", title: "Aliens" })).toMatchObject({ kind: "updated", version: 2 });
  });

  test("lays a patch over what is stored, and checks the whole", async () => {
    await put({ id: "1", title: "Alien", genres: ["sf"] });
    expect(await patch("1", { released: "1986-07-18" })).toMatchObject({ kind: "updated" });
    expect(stored("1")).toEqual({ id: "1", title: "Alien", genres: ["sf"], released: "1986-07-18", year: "1986" });
    expect(await patch("1", { title: 5 })).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("title"),
    });
    expect(await patch("1", { id: "2" })).toMatchObject({ kind: "refused", message: 'its id would be "2", not "1"' });
    expect(await patch("2", { title: "x" })).toEqual({ kind: "absent", type: "film", id: "2" });
    expect(await patch("\uD800", { title: "x" })).toMatchObject({ kind: "absent" });
    expect(stored("1")?.["title"]).toBe("Alien");
    expect(source.version()).toBe(2);
  });

  test("lays a patch over what an earlier edit of the same call stores", async () => {
    const outcomes = await apply(
      { kind: "put", type: "film", input: { id: "1", title: "a" } },
      { kind: "put", type: "film", input: { id: "2", title: "b" } },
      { kind: "patch", type: "film", id: "2", fields: { genres: ["x"] } },
      { kind: "put", type: "film", input: { id: "2", title: "c", genres: ["y"] } },
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["inserted", "inserted", "updated", "updated"]);
    const again = await apply(
      { kind: "patch", type: "film", id: "2", fields: { title: "d" } },
      { kind: "patch", type: "film", id: "2", fields: { genres: ["z"] } },
      { kind: "put", type: "film", input: { id: "1", title: "e" } },
    );
    expect(again.map(({ kind }) => kind)).toEqual(["updated", "updated", "updated"]);
    expect(stored("2")).toMatchObject({ title: "d", genres: ["z"] });
    expect(stored("1")).toMatchObject({ title: "e" });
  });

  test("refuses a record that isn't what the schema asks for, and stores the others of the call", async () => {
    const outcomes = await apply(
      { kind: "put", type: "film", input: { id: "1" } },
      { kind: "put", type: "film", input: { id: "2", title: "b" } },
      { kind: "put", type: "film", input: null },
      { kind: "put", type: "film", id: "4", input: { id: "3", title: "c" } },
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["refused", "inserted", "refused", "refused"]);
    expect([stored("1"), stored("2")?.id, stored("3")]).toEqual([undefined, "2", undefined]);
  });

  test("does nothing at all when one of the types isn't declared", async () => {
    const edits: Edit[] = [
      { kind: "put", type: "film", input: { id: "1", title: "a" } },
      { kind: "put", type: "flim", input: { id: "1", title: "a" } },
    ];
    await expect(source.apply(edits)).rejects.toMatchObject({
      code: "type-unknown",
      hint: expect.stringContaining("film"),
    });
    expect(source.version()).toBe(0);
  });

  test("writes nothing when nothing changes, and says so", async () => {
    await put({ id: "1", title: "Alien" });
    const version = source.version();
    const written = watch();
    const before = written();
    expect(await put({ id: "1", title: "Alien" })).toEqual({ kind: "same", type: "film", id: "1" });
    expect(await patch("1", { title: "Alien" })).toEqual({ kind: "same", type: "film", id: "1" });
    expect(await apply({ kind: "delete", type: "film", id: "2" })).toEqual([{ kind: "absent", type: "film", id: "2" }]);
    expect(written()).toBe(before);
    expect(source.version()).toBe(version);
    await put({ id: "1", title: "Aliens" });
    expect(written()).not.toBe(before);
  });

  test("has each change in the outbox with the whole tuple before, until it is marked", async () => {
    await put({ id: "1", title: "a", genres: ["x"] });
    await put({ id: "1", title: "a", genres: ["y"] });
    await apply({ kind: "delete", type: "film", id: "1" });
    const { changes, last } = source.outbox.waiting(0, 10);
    expect(JSON.parse(JSON.stringify(changes))).toEqual([
      {
        rows: [1, 2, 3],
        change: {
          type: "film",
          id: "1",
          version: 3,
          before: [
            null,
            { id: "1", fields: { genres: ["x"], year: "1979" } },
            { id: "1", fields: { genres: ["y"], year: "1979" } },
          ],
        },
      },
    ]);
    expect(last).toBe(3);
    source.outbox.markQueued([1, 2]);
    expect(source.outbox.waiting(0, 10).changes[0]?.rows).toEqual([3]);
    expect(source.outbox.count()).toBe(1);
    // What the queue took stays for the next build.
    expect(source.changesSince(1)).toHaveLength(1);
    source.forgetChanges(3);
    expect(source.outbox.count()).toBe(0);
    expect(source.changesSince(3)).toEqual([]);
  });

  test("never gives a row's number twice, so that a late mark marks no other change", async () => {
    await put({ id: "1", title: "a" });
    const late = source.outbox.waiting(0, 10).changes[0]?.rows ?? [];
    source.forgetChanges(source.version());
    await put({ id: "1", title: "b" });
    source.outbox.markQueued(late);
    expect(source.outbox.count()).toBe(1);
  });

  test("hands the outbox out in pieces", async () => {
    for (const id of ["1", "2", "3"]) await put({ id, title: "a" });
    const first = source.outbox.waiting(0, 2);
    expect(first.changes.map(({ change }) => change.id)).toEqual(["1", "2"]);
    expect(source.outbox.waiting(first.last ?? 0, 2).changes.map(({ change }) => change.id)).toEqual(["3"]);
    expect(source.outbox.waiting(3, 2)).toEqual({ changes: [], last: undefined });
  });

  test("tells of an entity whose pages are to be made anew, though nothing of it changed", async () => {
    await put({ id: "1", title: "a", genres: ["x"] });
    const version = source.version();
    expect(await apply({ kind: "touch", type: "film", id: "1" })).toMatchObject([
      { kind: "touched", version: version + 1 },
    ]);
    expect(source.changesSince(version)).toMatchObject([
      { id: "1", fields: undefined, before: [{ fields: { genres: ["x"] } }] },
    ]);
    expect(await apply({ kind: "touch", type: "film", id: "gone" })).toMatchObject([{ kind: "touched" }]);
  });

  test("says that a build is needed once there are more changes than are kept, and no more after it", async () => {
    const edits = Array.from({ length: 50_001 }, (_, id): Edit => ({
      kind: "put",
      type: "film",
      input: { id: String(id), title: "a" },
    }));
    await source.apply(edits);
    expect(source.outbox.needsBuild()).toBe(true);
    expect(source.outbox.count()).toBe(0);
    expect(source.changesSince(0)).toBeUndefined();
    await put({ id: "0", title: "b" });
    expect(source.outbox.needsBuild()).toBe(true);
    source.forgetChanges(source.version());
    expect(source.outbox.needsBuild()).toBe(false);
  });

  test("keeps a bounded number of changes where no build passes them: those that the queue has taken go first", async () => {
    const films = (count: number, title: string): readonly Edit[] =>
      Array.from({ length: count }, (_, id): Edit => ({ kind: "put", type: "film", input: { id: String(id), title } }));
    const relay = (): void => {
      for (
        let batch = source.outbox.waiting(0, 5000);
        batch.last !== undefined;
        batch = source.outbox.waiting(batch.last, 5000)
      ) {
        source.outbox.markQueued(batch.changes.flatMap(({ rows }) => rows));
      }
    };
    for (const title of ["a", "b"]) {
      await source.apply(films(50_000, title));
      relay();
    }
    expect(source.changesSince(0)).toHaveLength(50_000);
    await put({ id: "0", title: "c" });
    // The older half is gone: the next build is whole, but no event is lost.
    expect(source.changesSince(0)).toBeUndefined();
    expect(source.changesSince(2)).toHaveLength(1);
    expect(source.outbox.needsBuild()).toBe(false);
    expect(source.outbox.count()).toBe(1);
  }, 60_000);

  test("isn't taken for the mirror of files, which would delete what they don't hold", async () => {
    await put({ id: "1", title: "a" });
    using files = new FilesSource({
      dir: folder,
      name: "data",
      mirror: join(folder, "entities.db"),
      models: modelsOf({ film: [] }),
      fingerprint: "1",
      firstVersion: 0,
    });
    await expect(files.refresh(() => undefined, new AbortController().signal)).rejects.toMatchObject({
      code: "entity-store-owned",
    });
    expect(stored("1")).toBeDefined();
  });

  test("waits for others who write, and says after five seconds who is in the way", { timeout: 20_000 }, async () => {
    await put({ id: "1", title: "a" });
    const other = new DatabaseSync(join(folder, "entities.db"));
    other.exec("BEGIN IMMEDIATE");
    await expect(put({ id: "1", title: "b" })).rejects.toMatchObject({ code: "entities-busy", disposition: "retry" });
    other.exec("ROLLBACK");
    other.close();
    expect(await put({ id: "1", title: "b" })).toMatchObject({ kind: "updated" });
  });

  test("loses no patch of several processes that patch one entity", async () => {
    await put({ id: "1", title: "a", genres: [] });
    const worker = fileURLToPath(new URL("embedded-patches.ts", import.meta.url));
    const processes = ["a", "b", "c"].map((letter) =>
      spawn(process.execPath, [worker, folder, letter, "40"], { stdio: ["ignore", "inherit", "inherit"] }),
    );
    await Promise.all(processes.map(async (child) => expect(await once(child, "exit")).toEqual([0, null])));
    expect(stored("1")).toMatchObject({ a: 40, b: 40, c: 40 });
    expect(source.outbox.count()).toBe(121);
  });
});
