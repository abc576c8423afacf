import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import type { EntityChange } from "../../src/core/change.ts";
import type { EntityData, OrderField, WhereValues } from "../../src/core/entity.ts";
import type { Scalar } from "../../src/core/read.ts";
import type { RefreshReport, Snapshot, Source } from "../../src/source/source.ts";
import { EntityListModel } from "./entity-model.ts";

/** The indexed fields of each entity type. */
export type Index = Readonly<Record<string, readonly string[]>>;

/** A source under test, and the data outside that it reads. */
export interface SourceHarness {
  readonly source: Source;
  /** Makes these all the records that stand outside of a type. */
  put(type: string, records: readonly unknown[]): void;
  /** Another source of the same state, whose types have other indexed fields, in place of the first. */
  reopen(index: Index): SourceHarness;
}

const quiet = (): undefined => undefined;
const go = new AbortController().signal;
const INDEX: Index = { film: ["genres", "rating", "flag"], person: [] };

/** Ids and texts that something between the record and the page could take for something else. */
const HARD_TEXTS = [
  "",
  "constructor",
  "__proto__",
  "toString",
  "24/7",
  "../../etc/passwd",
  "film/42#2",
  "a\0b",
  "\0",
  "🎬",
  "\uFFFF",
  "\uFEFFx",
  "é",
  "e\u0301",
  " ",
  "%2F",
  "'; DROP TABLE e1; --",
  "null",
  "1",
  `${"long ".repeat(1 << 18)}x`,
  `${"long ".repeat(1 << 18)}y`,
];

function changesOf(source: Source, version: number): readonly EntityChange[] {
  const changes = source.changesSince(version);
  if (changes === undefined) throw new Error(`the changes since ${version} aren't known`);
  return changes;
}

const plain = (change: EntityChange | undefined): unknown => JSON.parse(JSON.stringify(change ?? null));

/** What every source does. `open` makes one of its own, with nothing outside yet. */
export function sourceContract(name: string, open: (index: Index) => SourceHarness): void {
  let harness: SourceHarness;
  let source: Source;

  const use = (opened: SourceHarness): void => {
    harness = opened;
    ({ source } = opened);
  };
  const refresh = async (): Promise<RefreshReport> => source.refresh(quiet, go);
  const put = async (...films: readonly unknown[]): Promise<RefreshReport> => {
    harness.put("film", films);
    return refresh();
  };
  /** Does something with a snapshot of what the source has now. */
  const look = <T>(ask: (snapshot: Snapshot) => T): T => {
    using reader = source.reader();
    return ask(reader.snapshot());
  };
  const idsNow = (): readonly string[] => look((snapshot) => snapshot.ids("film", undefined, 1000));

  beforeEach(() => {
    use(open(INDEX));
    harness.put("person", [{ id: "p" }]);
  });

  describe(`${name}: versions`, () => {
    test("rise only when something changed", async () => {
      await put({ id: "1", title: "Alien" });
      const first = source.version();
      const again = await put({ id: "1", title: "Alien" });
      expect(again).toMatchObject({ inserted: 0, updated: 0, deleted: 0, kept: 0, problems: [] });
      expect(source.version()).toBe(first);
      await put({ id: "1", title: "Aliens" });
      expect(source.version()).toBeGreaterThan(first);
      const second = source.version();
      await put({ id: "1", title: "Aliens" });
      expect(source.version()).toBe(second);
    });

    test("are those of snapshots", async () => {
      await put({ id: "1" });
      expect(look(({ version }) => version)).toBe(source.version());
    });

    test("count on from above what they are raised to, and rise even when that is below", async () => {
      await put({ id: "1" });
      source.raiseVersion(1_000_000);
      const raised = source.version();
      expect(raised).toBeGreaterThan(1_000_000);
      expect(look(({ version }) => version)).toBe(raised);
      await put({ id: "1", title: "x" });
      expect(source.version()).toBeGreaterThan(raised);
      const before = source.version();
      source.raiseVersion(5);
      expect(source.version()).toBeGreaterThan(before);
    });

    test("don't rise when an entity's fields stand in another order, unless pages are told of it", async () => {
      await put({ id: "1", a: 1, b: 2 });
      const version = source.version();
      const before = look((snapshot) => JSON.stringify(snapshot.get("film", "1")));
      await put({ b: 2, a: 1, id: "1" });
      const after = look((snapshot) => JSON.stringify(snapshot.get("film", "1")));
      expect(changesOf(source, version).length > 0).toBe(before !== after);
      expect(source.version() > version).toBe(before !== after);
    });
  });

  describe(`${name}: a refresh`, () => {
    test("takes in what came, what changed and what went, and leaves the rest alone", async () => {
      await put({ id: "1", n: 1 }, { id: "2", n: 2 }, { id: "3", n: 3 });
      const version = source.version();
      const report = await put({ id: "2", n: 2 }, { id: "3", n: 33 }, { id: "4", n: 4 });
      expect(report).toMatchObject({ inserted: 1, updated: 1, deleted: 1, kept: 0, problemCount: 0 });
      expect(idsNow()).toEqual(["2", "3", "4"]);
      const changed = changesOf(source, version);
      expect(changed.map(({ id }) => id).toSorted()).toEqual(["1", "3", "4"]);
      expect(new Set(changed.map((change) => change.version))).toEqual(new Set([source.version()]));
    });

    test("keeps a record's data as it was given, all the way down", async () => {
      const film = { id: "1", deep: { list: [1, null, { ключ: ["\u2028", "🎬", "a\0b"] }], no: false }, zero: 0 };
      await put(film);
      const found = look((snapshot) => snapshot.get("film", "1"));
      expect(found).toEqual(film);
    });

    test("that is told to stop takes in nothing, and the next one takes in all", async () => {
      await put({ id: "old", rating: 1 });
      const version = source.version();
      const many = Array.from({ length: 5000 }, (_, id) => ({ id: String(id), rating: id, genres: ["a"] }));
      harness.put("film", many);
      const controller = new AbortController();
      let told = 0;
      const stopped = source.refresh((records) => {
        told = records;
        controller.abort(new Error("stop"));
      }, controller.signal);
      await expect(stopped).rejects.toThrow();
      expect(told).toBeGreaterThan(0);
      expect(source.version()).toBe(version);
      expect(idsNow()).toEqual(["old"]);
      expect(look((snapshot) => snapshot.count("film", { genres: "a" }))).toBe(0);
      expect(changesOf(source, version)).toEqual([]);
      expect(await refresh()).toMatchObject({ inserted: 5000, deleted: 1 });
      expect(look((snapshot) => snapshot.count("film", { genres: "a" }))).toBe(5000);
    });

    test("that was told to stop before it began takes in nothing", async () => {
      await put({ id: "old" });
      harness.put("film", [{ id: "new" }]);
      const stopped = AbortSignal.abort(new Error("stop"));
      await expect(source.refresh(quiet, stopped)).rejects.toThrow();
      expect(idsNow()).toEqual(["old"]);
    });

    test("refuses a record that isn't an entity, says where, keeps its last good version, and takes the others", async () => {
      await put({ id: "1", n: 1 }, { id: "2", n: 2 });
      const report = await put({ id: "1", n: 11 }, { n: 2 }, { id: 3 }, null, ["id"], { id: "\uD800" });
      expect(report).toMatchObject({ inserted: 0, updated: 1, deleted: 0, kept: 1, problemCount: 5 });
      expect(report.problems).toHaveLength(5);
      for (const problem of report.problems) expect(problem).toMatchObject({ type: "film", place: expect.any(String) });
      expect(idsNow()).toEqual(["1", "2"]);
      expect(look((snapshot) => snapshot.get("film", "1"))).toMatchObject({ n: 11 });
    });

    test("deletes nothing of a type of which a record can't be read, and what is due once all can", async () => {
      await put({ id: "1" }, { id: "2" });
      await put({ id: "1" }, { id: 3 });
      expect(idsNow()).toEqual(["1", "2"]);
      expect(await put({ id: "1" })).toMatchObject({ deleted: 1, problemCount: 0 });
      expect(idsNow()).toEqual(["1"]);
    });

    test("deletes nothing when nothing of a type is left, and says so", async () => {
      await put({ id: "1" }, { id: "2" });
      const version = source.version();
      expect(await put()).toMatchObject({ deleted: 0, kept: 2, problemCount: 1 });
      expect(idsNow()).toEqual(["1", "2"]);
      expect(source.version()).toBe(version);
    });

    test("has no problem with a type that never had an entity", async () => {
      expect(await put()).toMatchObject({ inserted: 1, kept: 0, problemCount: 0 });
    });

    test("takes the first of two records with one id and reports the other, each time", async () => {
      for (const round of [1, 2]) {
        const report = await put({ id: "1", n: "first" }, { id: "2" }, { id: "1", n: "second" });
        expect(report.problemCount, `round ${round}`).toBe(1);
        expect(report.problems[0]?.message).toContain('"1"');
        expect(look((snapshot) => snapshot.get("film", "1"))).toMatchObject({ n: "first" });
      }
      expect(changesOf(source, source.version())).toEqual([]);
    });

    test.each([["\uD800"], ["x\uDC00"], ["\uDE00\uD83C"]])("refuses the id %j, half of a character", async (id) => {
      const report = await put({ id: "good" }, { id });
      expect(report).toMatchObject({ inserted: 2, problemCount: 1 });
      expect(idsNow()).toEqual(["good"]);
    });

    test("refuses half a character in an indexed field, and takes it in another", async () => {
      expect(await put({ id: "1", genres: ["a", "\uD800"] })).toMatchObject({ problemCount: 1 });
      expect(await put({ id: "1", title: "\uD800" })).toMatchObject({ problemCount: 0 });
      expect(look((snapshot) => snapshot.get("film", "1"))).toEqual({ id: "1", title: "\uD800" });
    });
  });

  describe(`${name}: changes`, () => {
    test("of one entity come in one: newest version, all fields, each of the values before", async () => {
      await put({ id: "1", title: "a", genres: ["x"], rating: 1 }, { id: "2" });
      const version = source.version();
      await put({ id: "1", title: "b", genres: ["x"], rating: 1 }, { id: "2" });
      await put({ id: "1", title: "b", genres: ["y"], rating: 1 }, { id: "2" });
      await put({ id: "1", title: "b", genres: ["y"] }, { id: "2" });
      const changes = changesOf(source, version);
      expect(changes).toHaveLength(1);
      expect(changes[0]?.fields?.toSorted()).toEqual(["genres", "rating", "title"]);
      expect(plain(changes[0])).toMatchObject({
        type: "film",
        id: "1",
        version: source.version(),
        before: [
          { id: "1", fields: { genres: ["x"], rating: 1, flag: null } },
          { id: "1", fields: { genres: ["y"], rating: 1, flag: null } },
        ],
      });
    });

    test("tell of what came and went, each of which counts as all fields", async () => {
      await put({ id: "1" });
      const version = source.version();
      await put({ id: "1" }, { id: "2", rating: 2 });
      expect(plain(changesOf(source, version)[0])).toEqual({
        type: "film",
        id: "2",
        version: source.version(),
        before: [null],
      });
      const between = source.version();
      await put({ id: "1" });
      expect(plain(changesOf(source, between)[0])).toMatchObject({ id: "2", before: [{ fields: { rating: 2 } }] });
      expect(changesOf(source, between)[0]?.fields).toBeUndefined();
      expect(plain(changesOf(source, version)[0])).toMatchObject({
        id: "2",
        before: [null, { fields: { rating: 2 } }],
      });
    });

    test("tell of an entity that went and came back", async () => {
      await put({ id: "1" }, { id: "2", rating: 2 });
      const version = source.version();
      await put({ id: "1" });
      await put({ id: "1" }, { id: "2", rating: 2 });
      const [change] = changesOf(source, version);
      expect(change?.fields).toBeUndefined();
      expect(plain(change)).toMatchObject({ id: "2", before: [{ fields: { rating: 2 } }, null] });
    });

    test("tell of two types that have one id apart", async () => {
      await put({ id: "1" });
      const version = source.version();
      harness.put("person", [{ id: "p" }, { id: "1" }]);
      await put({ id: "1", n: 1 });
      expect(
        changesOf(source, version)
          .map(({ type, id }) => `${type} ${id}`)
          .toSorted(),
      ).toEqual(["film 1", "person 1"]);
    });

    test("are none since the newest version, and not known since before they were forgotten", async () => {
      await put({ id: "1", n: 1 });
      const first = source.version();
      await put({ id: "1", n: 2 });
      const second = source.version();
      await put({ id: "1", n: 3 });
      expect(changesOf(source, source.version())).toEqual([]);
      source.forgetChanges(second);
      expect(source.changesSince(first)).toBeUndefined();
      expect(changesOf(source, second)).toHaveLength(1);
      source.forgetChanges(first);
      expect(changesOf(source, second)).toHaveLength(1);
    });

    test("aren't known across a raised version", async () => {
      await put({ id: "1", n: 1 });
      const version = source.version();
      source.raiseVersion(version);
      expect(source.changesSince(version)).toBeUndefined();
      expect(changesOf(source, source.version())).toEqual([]);
    });
  });

  describe(`${name}: a snapshot`, () => {
    test("doesn't see a later refresh; the reader's next one does", async () => {
      await put({ id: "1", rating: 1 }, { id: "2", rating: 2 });
      using reader = source.reader();
      const snapshot = reader.snapshot();
      const { version } = snapshot;
      await put({ id: "2", rating: 22 }, { id: "3", rating: 3 });
      expect(snapshot.version).toBe(version);
      expect(snapshot.ids("film", undefined, 10)).toEqual(["1", "2"]);
      expect(snapshot.get("film", "2")).toMatchObject({ rating: 2 });
      expect(snapshot.get("film", "3")).toBeUndefined();
      expect(snapshot.count("film", {})).toBe(2);
      expect(snapshot.has("film", "rating", 3)).toBe(false);
      expect(snapshot.values("film", "rating").map(({ value }) => value)).toEqual([1, 2]);
      expect(snapshot.list("film", {}, [{ field: "rating", descending: true }], 0, 9).map(({ id }) => id)).toEqual([
        "2",
        "1",
      ]);
      const next = reader.snapshot();
      expect(next.version).toBe(source.version());
      expect(next.get("film", "1")).toBeUndefined();
      expect(next.get("film", "2")).toMatchObject({ rating: 22 });
      expect(next.list("film", {}, [{ field: "rating", descending: true }], 0, 9).map(({ id }) => id)).toEqual([
        "2",
        "3",
      ]);
      expect(next.distinct("film", "rating", undefined, 9)).toEqual([3, 22]);
    });

    test("of one reader doesn't depend on another's", async () => {
      await put({ id: "1" });
      using early = source.reader();
      const old = early.snapshot();
      await put({ id: "1" }, { id: "2" });
      using late = source.reader();
      expect(late.snapshot().count("film", {})).toBe(2);
      expect(old.count("film", {})).toBe(1);
    });

    test("hands out what can't be changed, all the way down", async () => {
      await put({ id: "1", deep: { list: [{ a: 1 }] } });
      look((snapshot) => {
        const film = snapshot.get("film", "1");
        const inner = film?.["deep"] as { list: { a: number }[] };
        expect(Object.isFrozen(film)).toBe(true);
        expect(Object.isFrozen(inner.list)).toBe(true);
        expect(Object.isFrozen(inner.list[0])).toBe(true);
        expect(snapshot.list("film", {}, [], 0, 1)[0]).toBe(film);
      });
    });

    test("refuses types that aren't declared and fields that aren't indexed, and says what to add", async () => {
      await put({ id: "1" });
      look((snapshot) => {
        expect(() => snapshot.get("flim", "1")).toThrow(expect.objectContaining({ code: "type-unknown" }));
        for (const ask of [
          () => snapshot.list("film", { title: "x" }, [], 0, 1),
          () => snapshot.list("film", {}, [{ field: "title", descending: false }], 0, 1),
          () => snapshot.count("film", { title: "x" }),
          () => snapshot.values("film", "title"),
          () => snapshot.distinct("film", "title", undefined, 1),
          () => snapshot.has("film", "title", "x"),
        ]) {
          expect(ask).toThrow(
            expect.objectContaining({ code: "field-not-indexed", hint: expect.stringContaining('"title"') }),
          );
        }
      });
    });

    test("has no entity of half a character", async () => {
      await put({ id: "\uFFFD", genres: "\uFFFD" });
      look((snapshot) => {
        expect(snapshot.get("film", "\uFFFD")).toBeDefined();
        expect(snapshot.get("film", "\uD800")).toBeUndefined();
        expect(snapshot.count("film", { genres: "\uD800" })).toBe(0);
      });
    });
  });

  describe(`${name}: lists`, () => {
    const scalar: fc.Arbitrary<Scalar> = fc.constantFrom<Scalar>(
      "a",
      "b",
      "",
      "\uFFFF",
      "🎬",
      "1",
      1,
      0,
      -1,
      2.5,
      true,
      false,
    );
    const field = fc.option(fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), { nil: undefined, freq: 5 });
    const id = fc.constantFrom("1", "2", "10", "a", "Z", "é", "\uFFFF", "🎬", "", "constructor");
    const film = fc
      .record({
        id,
        genres: field,
        rating: field,
        flag: fc.option(scalar, { nil: null }),
        title: fc.constantFrom("x", "y"),
      })
      // JSON has no undefined.
      .map((record) => JSON.parse(JSON.stringify(record)) as EntityData);
    const films = fc.uniqueArray(film, { minLength: 1, maxLength: 10, selector: ({ id }) => id });
    const wanted = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
    const where: fc.Arbitrary<WhereValues> = fc.record(
      { genres: wanted, rating: wanted, flag: wanted },
      { requiredKeys: [] },
    );
    const order: fc.Arbitrary<readonly OrderField[]> = fc.uniqueArray(
      fc.record({ field: fc.constantFrom("genres", "rating", "flag", "id"), descending: fc.boolean() }),
      { maxLength: 2, selector: ({ field }) => field },
    );
    const question = fc.record({ where, order, offset: fc.nat(4), limit: fc.nat(6) });

    test("are what a look at every entity would give, after any edits", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(films, { minLength: 1, maxLength: 3 }),
          fc.array(question, { minLength: 20, maxLength: 20 }),
          async (states, questions) => {
            use(open(INDEX));
            harness.put("person", [{ id: "p" }]);
            using reader = source.reader();
            for (const state of states) {
              expect(await put(...state)).toMatchObject({ problemCount: 0 });
              const snapshot = reader.snapshot();
              const model = new EntityListModel(state);
              for (const { where, order, offset, limit } of questions) {
                const rows = model.list(where, order);
                const listed = snapshot.list("film", where, order, offset, limit).map((row) => row.id);
                expect(listed).toEqual(rows.slice(offset, offset + limit));
                expect(snapshot.count("film", where)).toBe(rows.length);
              }
              for (const name of ["genres", "rating", "flag"]) {
                const values = model.values(name);
                expect(snapshot.values("film", name)).toEqual(values);
                expect(snapshot.distinct("film", name, undefined, 100)).toEqual(values.map(({ value }) => value));
                for (const value of ["a", "1", 1, true, "none"]) {
                  expect(snapshot.has("film", name, value)).toBe(values.some((one) => one.value === value));
                }
              }
              expect(snapshot.ids("film", undefined, 100)).toEqual(model.ids());
              for (const film of state) expect(snapshot.get("film", film.id)).toEqual(film);
            }
          },
        ),
        { numRuns: 40 },
      );
    });

    test("are the same, read a second time and page by page", async () => {
      const many = Array.from({ length: 500 }, (_, n) => ({
        id: String(n),
        genres: [`g${n % 7}`, "all"],
        rating: n % 13,
      }));
      await put(...many);
      look((snapshot) => {
        const order = [{ field: "rating", descending: true }];
        const whole = snapshot.list("film", { genres: "all" }, order, 0, 1000).map(({ id }) => id);
        expect(whole).toEqual(new EntityListModel(many).list({ genres: "all" }, order));
        const paged: string[] = [];
        for (let offset = 0; offset < 500; offset += 33) {
          paged.push(...snapshot.list("film", { genres: "all" }, order, offset, 33).map(({ id }) => id));
        }
        expect(paged).toEqual(whole);
      });
    });

    test("of ids and of values go on from where they ended", async () => {
      const many = Array.from({ length: 100 }, (_, n) => ({
        id: `${n % 3}${["", "🎬", "é", "🎬é"][n % 4]}${n}`,
        rating: n % 2 === 0 ? n : String(n),
      }));
      await put(...many);
      const model = new EntityListModel(many);
      look((snapshot) => {
        const ids: string[] = [];
        for (
          let piece = snapshot.ids("film", undefined, 7);
          piece.length > 0;
          piece = snapshot.ids("film", ids.at(-1), 7)
        )
          ids.push(...piece);
        expect(ids).toEqual(model.ids());
        const values: Scalar[] = [];
        for (;;) {
          const piece = snapshot.distinct("film", "rating", values.at(-1), 7);
          if (piece.length === 0) break;
          values.push(...piece);
        }
        expect(values).toEqual(model.values("rating").map(({ value }) => value));
        expect(snapshot.ids("film", undefined, 0)).toEqual([]);
        expect(snapshot.distinct("film", "rating", undefined, 0)).toEqual([]);
      });
    });
  });

  describe(`${name}: hard names`, () => {
    test("are ids like others", async () => {
      await put(...HARD_TEXTS.map((id, n) => ({ id, n, genres: [id], rating: id })));
      const model = new EntityListModel(HARD_TEXTS.map((id) => ({ id, genres: [id] })));
      look((snapshot) => {
        for (const [n, id] of HARD_TEXTS.entries()) {
          const label = id.slice(0, 20);
          expect(snapshot.get("film", id)?.["n"], label).toBe(n);
          expect(
            snapshot.list("film", { genres: id }, [], 0, 9).map((film) => film["n"]),
            label,
          ).toEqual([n]);
          expect(snapshot.count("film", { genres: id, rating: id }), label).toBe(1);
          expect(snapshot.has("film", "genres", id), label).toBe(true);
        }
        expect(snapshot.ids("film", undefined, 100)).toEqual(model.ids());
        expect(snapshot.distinct("film", "genres", undefined, 100)).toEqual(model.ids());
        const paged: string[] = [];
        for (
          let piece = snapshot.ids("film", undefined, 2);
          piece.length > 0;
          piece = snapshot.ids("film", paged.at(-1), 2)
        )
          paged.push(...piece);
        expect(paged).toEqual(model.ids());
      });
    });

    test("are told of as they are when they change and go", async () => {
      await put({ id: "stays" }, ...HARD_TEXTS.map((id) => ({ id, genres: [id] })));
      const version = source.version();
      await put({ id: "stays" }, ...HARD_TEXTS.map((id) => ({ id, genres: [] })));
      expect(new Set(changesOf(source, version).map(({ id }) => id))).toEqual(new Set(HARD_TEXTS));
      for (const { id, before } of changesOf(source, version)) expect(before[0]?.fields["genres"]).toEqual([id]);
      await put({ id: "stays" });
      expect(idsNow()).toEqual(["stays"]);
    });

    test("are fields like others", async () => {
      const fields = HARD_TEXTS.filter((field) => field !== "");
      use(open({ film: fields }));
      const record = (value: string): object =>
        Object.fromEntries([["id", value], ...fields.map((field, n) => [field, [value, String(n)]] as const)]);
      await put(record("x"), record("y"), { id: "without" });
      const version = source.version();
      look((snapshot) => {
        for (const [n, field] of fields.entries()) {
          const label = field.slice(0, 20);
          expect(snapshot.count("film", { [field]: "x" }), label).toBe(1);
          expect(
            snapshot.list("film", { [field]: String(n) }, [{ field, descending: true }], 0, 9).map(({ id }) => id),
            label,
          ).toEqual(["x", "y"]);
          expect(snapshot.values("film", field), label).toHaveLength(3);
        }
      });
      await put(record("x"), record("z"), { id: "without" });
      const byId = new Map(changesOf(source, version).map((change) => [change.id, change]));
      expect([...byId.keys()].toSorted()).toEqual(["y", "z"]);
      expect(Object.keys(byId.get("y")?.before[0]?.fields ?? {}).toSorted()).toEqual(fields.toSorted());
    });
  });

  describe(`${name}: other indexed fields`, () => {
    test("keep the entities, and make the changes before unknown", async () => {
      await put({ id: "1", title: "b", rating: 1, genres: ["x"] }, { id: "2", title: "a", rating: 2, genres: ["x"] });
      const version = source.version();
      use(harness.reopen({ film: ["title", "genres"], person: [] }));
      await put({ id: "1", title: "b", rating: 1, genres: ["x"] }, { id: "2", title: "a", rating: 2, genres: ["x"] });
      look((snapshot) => {
        expect(
          snapshot.list("film", { genres: "x" }, [{ field: "title", descending: false }], 0, 9).map(({ id }) => id),
        ).toEqual(["2", "1"]);
        expect(() => snapshot.count("film", { rating: 1 })).toThrow(
          expect.objectContaining({ code: "field-not-indexed" }),
        );
      });
      expect(source.changesSince(version)).toBeUndefined();
      const later = source.version();
      await put({ id: "1", title: "c", rating: 1, genres: ["x"] }, { id: "2", title: "a", rating: 2, genres: ["x"] });
      expect(plain(changesOf(source, later)[0])).toMatchObject({
        id: "1",
        fields: ["title"],
        before: [{ fields: { title: "b", genres: ["x"] } }],
      });
    });

    test("keep the entities also when nothing can be read just then", async () => {
      await put({ id: "1", title: "b" }, { id: "2", title: "a" });
      use(harness.reopen({ film: ["title"], person: [] }));
      await put();
      look((snapshot) => {
        expect(snapshot.list("film", {}, [{ field: "title", descending: false }], 0, 9).map(({ id }) => id)).toEqual([
          "2",
          "1",
        ]);
      });
    });

    test("the same as before leave everything as it is", async () => {
      await put({ id: "1", rating: 1 });
      const version = source.version();
      use(harness.reopen(INDEX));
      await refresh();
      expect(source.version()).toBe(version);
      expect(changesOf(source, version)).toEqual([]);
      expect(look((snapshot) => snapshot.count("film", { rating: 1 }))).toBe(1);
    });
  });

  test(`${name}: has one identity, also after it is opened again`, async () => {
    const { identity } = source;
    use(harness.reopen(INDEX));
    expect(source.identity).toBe(identity);
  });
}
