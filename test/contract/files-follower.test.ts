import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";

import type { EntityData } from "../../src/core/entity.ts";
import { unchecked } from "../../src/site/entities.ts";
import type { FilesFollower } from "../../src/source/files-follower.ts";
import { FilesSource } from "../../src/source/files-source.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const signal = new AbortController().signal;

describe("a follower of files", () => {
  let folder: string;
  let source: FilesSource;
  let follower: FilesFollower;

  const open = (): FilesSource =>
    new FilesSource({
      dir: join(folder, "data"),
      name: "data",
      mirror: join(folder, "entities.db"),
      models: new Map([["film", { name: "film", schema: unchecked(), index: ["year"] }]]),
      fingerprint: "1",
      firstVersion: 0,
    });
  const write = (text: string, file = "film.ndjson"): void => writeFileSync(join(folder, "data", file), text);
  const lines = (...records: readonly unknown[]): string => records.map((each) => `${JSON.stringify(each)}\n`).join("");
  const films = (): readonly EntityData[] => {
    using reader = source.reader();
    const snapshot = reader.snapshot();
    return snapshot.ids("film", undefined, 1000).map((id) => snapshot.get("film", id)?.data ?? { id: "none" });
  };
  const many = Array.from({ length: 200 }, (_, id) => ({ id: `f${1000 + id}`, year: 1900 + (id % 9) }));

  beforeEach(async () => {
    folder = temporaryFolder();
    mkdirSync(join(folder, "data"));
    write(lines(...many));
    source = open();
    onTestFinished(() => source[Symbol.dispose]());
    await source.refresh(() => undefined, signal);
    follower = source.follower();
    await follower.remember();
  });

  test("takes in what changed, came and went, as a change with its values before", async () => {
    const version = source.version();
    const edited = many.flatMap((film) => {
      if (film.id === "f1050")
        return [
          { ...film, year: 2000 },
          { id: "new", year: 1 },
        ];
      return film.id === "f1051" ? [] : [film];
    });
    write(lines(...edited));
    expect(await follower.takeIn()).toMatchObject({ inserted: 1, updated: 1, deleted: 1, problemCount: 0 });
    expect(films()).toEqual(edited.toSorted((left, right) => (left.id < right.id ? -1 : 1)));
    const changes = source.changesSince(version) ?? [];
    expect(changes.map(({ id }) => id).toSorted()).toEqual(["f1050", "f1051", "new"]);
    expect(changes.find(({ id }) => id === "f1050")?.fields).toEqual(["year"]);
  });

  test("gives the same as a refresh would, which has nothing left to do", async () => {
    write(lines(...many.slice(0, 40), { id: "f1040", year: 7 }, ...many.slice(41)));
    expect(await follower.takeIn()).toMatchObject({ updated: 1 });
    const version = source.version();
    expect(await source.isCurrent(signal)).toBe(false);
    expect(await source.refresh(() => undefined, signal)).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
    expect(source.version()).toBe(version);
    expect(await source.isCurrent(signal)).toBe(true);
  });

  test("finds nothing where a file was only touched", async () => {
    write(lines(...many));
    expect(await follower.takeIn()).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
  });

  test.each([
    ["a file that is empty", ""],
    ["a record that is cut off", lines(...many).slice(0, -10)],
    ["an id that stands elsewhere too", lines(...many.slice(0, 40), { id: "f1100", year: 7 }, ...many.slice(40))],
    ["an id that stands twice in what came", lines(...many, { id: "twice" }, { id: "twice" })],
  ])("leaves %s to a refresh, and changes nothing", async (_, text) => {
    const before = films();
    write(text);
    expect(await follower.takeIn()).toBeUndefined();
    expect(films()).toEqual(before);
  });

  test("leaves another file, and what another process has written, to a refresh", async () => {
    mkdirSync(join(folder, "data/film"));
    write(lines({ id: "other" }), "film/more.ndjson");
    expect(await follower.takeIn()).toBeUndefined();
    await source.refresh(() => undefined, signal);
    await follower.remember();
    using other = open();
    write(lines({ id: "others", year: 3 }), "film/more.ndjson");
    await other.refresh(() => undefined, signal);
    write(lines({ id: "mine", year: 3 }), "film/more.ndjson");
    expect(await follower.takeIn()).toBeUndefined();
  });

  test("goes on following: each edit is compared with the one before", async () => {
    for (let year = 1; year <= 5; year++) {
      write(lines(...many.map((film, index) => (index === year * 30 ? { ...film, year } : film))));
      expect(await follower.takeIn()).toMatchObject({ updated: year === 1 ? 1 : 2 });
    }
    expect(films().filter(({ year }) => Number(year) < 10)).toEqual([{ id: "f1150", year: 5 }]);
  });
});
