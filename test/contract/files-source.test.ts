import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";

import type { EntityModel } from "../../src/core/entity.ts";
import { unchecked } from "../../src/site/entities.ts";
import { FilesSource } from "../../src/source/files-source.ts";
import type { RefreshReport, Source } from "../../src/source/source.ts";
import { sourceContract } from "./source-contract.ts";
import type { Index, SourceHarness } from "./source-under-test.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const modelsOf = (index: Index): ReadonlyMap<string, EntityModel> =>
  new Map(Object.entries(index).map(([name, fields]) => [name, { name, schema: unchecked(), index: fields }]));

function openIn(folder: string, models: ReadonlyMap<string, EntityModel>, fingerprint: string): Source {
  const source = new FilesSource({
    dir: join(folder, "data"),
    name: "data",
    mirror: join(folder, "entities.db"),
    models,
    fingerprint,
    firstVersion: 0,
  });
  onTestFinished(() => {
    try {
      source[Symbol.dispose]();
    } catch {
      // The test has closed it already.
    }
  });
  return source;
}

function harnessIn(folder: string, index: Index): SourceHarness {
  const source = openIn(folder, modelsOf(index), JSON.stringify(index));
  return {
    source,
    put: (type, records) => {
      const lines = records.map((record) => `${JSON.stringify(record)}\n`);
      writeFileSync(join(folder, "data", `${type}.ndjson`), lines.join(""));
    },
    takeIn: async () => source.refresh(() => undefined, new AbortController().signal),
    reopen: (other) => {
      source[Symbol.dispose]();
      return harnessIn(folder, other);
    },
  };
}

sourceContract(
  "files",
  (index) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "data"));
    return harnessIn(folder, index);
  },
  "mirror",
);

describe("files", () => {
  const models = modelsOf({ film: ["year"] });
  let folder: string;
  let source: Source;

  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(join(folder, "data", "film"), { recursive: true });
    source = openIn(folder, models, "1");
  });

  const write = (file: string, text: string | Uint8Array): void => writeFileSync(join(folder, "data", file), text);
  const remove = (file: string): void => rmSync(join(folder, "data", file), { recursive: true });
  const refresh = async (): Promise<RefreshReport> => source.refresh(() => undefined, new AbortController().signal);
  const idsNow = (): readonly string[] => {
    using reader = source.reader();
    return reader.snapshot().ids("film", undefined, 100);
  };

  describe("are read", () => {
    test("from film.ndjson, film/*.ndjson and film/42.json, all of them together", async () => {
      write("film.ndjson", '{"id":"1"}\n{"id":"2"}\n');
      write("film/more.ndjson", '{"id":"3"}\n{"id":"4"}');
      write("film/42.json", '{\n  "id": "42"\n}\n');
      expect(await refresh()).toMatchObject({ records: 5, inserted: 5, problemCount: 0 });
      expect(idsNow()).toEqual(["1", "2", "3", "4", "42"]);
    });

    test.each(["film.ndjson", "film/a.ndjson", "film/b.json"])("from %s alone", async (file) => {
      write(file, '{"id":"1"}\n');
      expect(await refresh()).toMatchObject({ inserted: 1, problemCount: 0 });
    });

    test("with any line ends, blank lines, a byte order mark and no line feed at the end", async () => {
      write("film.ndjson", '\uFEFF{"id":"1"}\r\n\r\n  \t\n{"id":"2"}\r\n{"id":"3"}');
      expect(await refresh()).toMatchObject({ inserted: 3, problemCount: 0 });
    });

    test("passing over files that are hidden or of another kind, and folders", async () => {
      write("film/1.json", '{"id":"1"}');
      write("film/.hidden.json", "nonsense");
      write("film/README.md", "nonsense");
      write("film/1.json~", "nonsense");
      expect(await refresh()).toMatchObject({ inserted: 1, problemCount: 0 });
    });

    test("from records larger than a read, across any boundary", async () => {
      const text = "é🎬".repeat(200_000);
      write("film.ndjson", [1, 2, 3].map((id) => JSON.stringify({ id: String(id), text })).join("\n"));
      expect(await refresh()).toMatchObject({ inserted: 3, problemCount: 0 });
      using reader = source.reader();
      expect(reader.snapshot().get("film", "3")?.data["text"]).toBe(text);
    });

    test("anew when their schema changed, though their bytes didn't", async () => {
      write("film.ndjson", '{"id":"1","released":"1979-05-25"}\n');
      await refresh();
      const version = source.version();
      source[Symbol.dispose]();
      const schema = z
        .object({ id: z.string(), released: z.string() })
        .transform((film) => ({ ...film, year: film.released.slice(0, 4) }));
      source = openIn(folder, new Map([["film", { name: "film", schema, index: ["year"] }]]), "2");
      expect(await refresh()).toMatchObject({ updated: 1, problemCount: 0 });
      expect(source.changesSince(version)).toEqual([
        expect.objectContaining({ id: "1", fields: ["year"], version: source.version() }),
      ]);
    });
  });

  describe("that can't be read", () => {
    test("are named with their line, and nothing is deleted", async () => {
      write("film.ndjson", '{"id":"1"}\n{"id":"2"}\n{"id":"3"}\n');
      await refresh();
      write("film.ndjson", '\n{"id":"1"}\n{"id":"2"\n\n{"id":7}\n{"id":"4"}');
      const report = await refresh();
      expect(report).toMatchObject({ inserted: 1, deleted: 0, kept: 2, problemCount: 2 });
      expect(report.problems.map(({ place }) => place)).toEqual(["data/film.ndjson:3", "data/film.ndjson:5"]);
      expect(report.problems[0]?.message).toMatch(/^not valid JSON: /);
      expect(idsNow()).toEqual(["1", "2", "3", "4"]);
    });

    test("are named by file where a file is one record", async () => {
      write("film/1.json", "{");
      write("film/2.json", "");
      expect((await refresh()).problems.map(({ place }) => place)).toEqual(["data/film/1.json", "data/film/2.json"]);
    });

    test("say what the schema says, with the field", async () => {
      const schema = z.object({ id: z.string(), year: z.number() });
      source = openIn(folder, new Map([["film", { name: "film", schema, index: [] }]]), "2");
      write("film.ndjson", '{"id":"1","year":"x"}\n');
      expect((await refresh()).problems[0]?.message).toMatch(/^year: /);
    });

    test("keep their last good version when their schema refuses them now", async () => {
      const schema = z.object({ id: z.string(), year: z.number() });
      source = openIn(folder, new Map([["film", { name: "film", schema, index: ["year"] }]]), "2");
      write("film.ndjson", '{"id":"1","year":1}\n{"id":"2","year":2}\n');
      await refresh();
      write("film.ndjson", '{"id":"1","year":"x"}\n{"id":"2","year":22}\n');
      expect(await refresh()).toMatchObject({ updated: 1, problemCount: 1, kept: 0 });
      using reader = source.reader();
      expect(reader.snapshot().get("film", "1")?.data).toEqual({ id: "1", year: 1 });
      expect(reader.snapshot().get("film", "2")?.data).toEqual({ id: "2", year: 22 });
    });

    test("are all counted, and the first hundred kept", async () => {
      write("film.ndjson", "nonsense\n".repeat(250));
      const report = await refresh();
      expect(report.problemCount).toBe(250);
      expect(report.problems).toHaveLength(100);
    });

    test("because they aren't UTF-8", async () => {
      write("film.ndjson", Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xff), Buffer.from('"}\n{"id":"ok"}\n')]));
      expect(await refresh()).toMatchObject({ inserted: 1, problemCount: 1 });
    });

    test("because a record is larger than 16 MB: the next one is read", async () => {
      const huge = JSON.stringify({ id: "huge", text: "x".repeat(17 << 20) });
      write("film.ndjson", `{"id":"1"}\n${huge}\n{"id":"2"}\n`);
      const report = await refresh();
      expect(report).toMatchObject({ inserted: 2, problemCount: 1 });
      expect(report.problems[0]).toMatchObject({ place: "data/film.ndjson:2", message: "is larger than 16 MB" });
      write("film.ndjson", `{"id":"1"}\n${huge}`);
      expect((await refresh()).problems[0]?.place).toBe("data/film.ndjson:2");
    });

    test("because a schema gives what isn't plain JSON", async () => {
      const schema = z.object({ id: z.string(), year: z.number() }).transform((film) => ({ ...film, at: new Date(0) }));
      source = openIn(folder, new Map([["film", { name: "film", schema, index: [] }]]), "2");
      write("film.ndjson", '{"id":"1","year":1}\n');
      expect((await refresh()).problems[0]?.message).toBe("at is a Date: the schema's output must be plain JSON");
    });

    test("because a schema throws", async () => {
      const schema = z.object({ id: z.string() }).transform(() => {
        throw new Error("not today");
      });
      source = openIn(folder, new Map([["film", { name: "film", schema, index: [] }]]), "2");
      write("film.ndjson", '{"id":"1"}\n');
      expect((await refresh()).problems[0]?.message).toBe("the schema of film threw: not today");
    });
  });

  describe("that aren't there", () => {
    test("delete nothing, and are reported", async () => {
      write("film.ndjson", '{"id":"1"}\n');
      await refresh();
      const version = source.version();
      remove("film.ndjson");
      expect(await refresh()).toMatchObject({ deleted: 0, kept: 1, problemCount: 1 });
      remove("film");
      expect(await refresh()).toMatchObject({ deleted: 0, kept: 1, problemCount: 1 });
      expect(idsNow()).toEqual(["1"]);
      expect(source.version()).toBe(version);
    });

    test("are missed again at each refresh, and taken up again when they are back", async () => {
      write("film.ndjson", '{"id":"1"}\n{"id":"2"}\n');
      await refresh();
      remove("film.ndjson");
      await refresh();
      expect(await refresh()).toMatchObject({ problemCount: 1 });
      write("film.ndjson", '{"id":"2"}\n');
      expect(await refresh()).toMatchObject({ problemCount: 0, deleted: 1 });
    });

    test("with their whole folder are an error, and nothing is changed", async () => {
      write("film.ndjson", '{"id":"1"}\n');
      await refresh();
      rmSync(join(folder, "data"), { recursive: true });
      await expect(refresh()).rejects.toMatchObject({ code: "source-unreachable", disposition: "fatal" });
      expect(idsNow()).toEqual(["1"]);
    });
  });

  describe("that are empty", () => {
    test.each(["", "\n", " \r\n\n"])("(%j) delete nothing, and are reported", async (text) => {
      write("film.ndjson", '{"id":"1"}\n');
      await refresh();
      write("film.ndjson", text);
      const report = await refresh();
      expect(report).toMatchObject({ deleted: 0, kept: 1, problemCount: 1 });
      expect(report.problems[0]).toMatchObject({ type: "film", place: "data/film.ndjson" });
      expect(idsNow()).toEqual(["1"]);
    });

    test("beside others that aren't delete nothing either", async () => {
      write("film/a.ndjson", '{"id":"1"}\n');
      write("film/b.ndjson", '{"id":"2"}\n');
      await refresh();
      write("film/b.ndjson", "");
      expect(await refresh()).toMatchObject({ deleted: 0, kept: 1 });
      expect(idsNow()).toEqual(["1", "2"]);
    });
  });

  test("of one type don't touch another's entities when they are broken", async () => {
    source = openIn(folder, modelsOf({ film: [], person: [] }), "2");
    write("film.ndjson", '{"id":"1"}\n{"id":"2"}\n');
    write("person.ndjson", '{"id":"1"}\n{"id":"2"}\n');
    await refresh();
    write("film.ndjson", "nonsense\n");
    write("person.ndjson", '{"id":"2"}\n');
    expect(await refresh()).toMatchObject({ kept: 2, deleted: 1 });
    using reader = source.reader();
    expect(reader.snapshot().ids("person", undefined, 9)).toEqual(["2"]);
    expect(idsNow()).toEqual(["1", "2"]);
  });

  test("tell of their progress", async () => {
    write("film.ndjson", Array.from({ length: 2500 }, (_, id) => `{"id":"${id}"}\n`).join(""));
    const told: number[] = [];
    await source.refresh((records) => told.push(records), new AbortController().signal);
    expect(told).toEqual([1000, 2000]);
  });

  test("tell what went wrong also where that has ended the transaction already, as a full disk does", async () => {
    write("film.ndjson", '{"id":"1"}\n');
    await refresh();
    const database = new DatabaseSync(join(folder, "entities.db"));
    database.exec("CREATE TRIGGER full BEFORE INSERT ON change BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END");
    write("film.ndjson", '{"id":"1"}\n{"id":"2"}\n');
    await expect(refresh()).rejects.toThrow("the disk is full");
    database.exec("DROP TRIGGER full");
    database.close();
    expect(await refresh()).toMatchObject({ inserted: 1 });
  });
});
