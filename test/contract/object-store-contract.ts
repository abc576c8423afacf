import { createHash } from "node:crypto";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";

import { digestOf } from "../../src/core/digest.ts";
import type { ObjectKey } from "../../src/core/path.ts";
import type { ObjectEtag, ObjectHeaders, ObjectStore, PutCondition } from "../../src/store/object-store.ts";
import type { ObjectStoreHarness } from "./object-store-harness.ts";

// The path grammar makes keys; here they are written by hand.
const key = (text: string): ObjectKey => text as ObjectKey;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const PAGE = key("films/alien/index.html");
const HTML: ObjectHeaders = { contentType: "text/html; charset=utf-8" };
const CREATE: PutCondition = { ifNoneMatch: "*" };
const STALE = '"00000000000000000000000000000000"' as ObjectEtag;

/** What every object store does. `open` makes an empty one of its own. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStoreHarness>): void {
  let harness: ObjectStoreHarness;
  let store: ObjectStore;

  beforeEach(async () => {
    harness = await open();
    ({ store } = harness);
  });

  const create = async (at: ObjectKey, content: string, headers = HTML): Promise<ObjectEtag> => {
    const outcome = await store.put({ key: at, content: bytes(content), headers, condition: CREATE });
    if (outcome.kind !== "put") throw new Error(`not put: ${outcome.kind}`);
    return outcome.etag;
  };
  const replace = (at: ObjectKey, content: string, ifMatch: ObjectEtag) =>
    store.put({ key: at, content: bytes(content), headers: HTML, condition: { ifMatch } });
  const textOf = async (at: ObjectKey): Promise<string | undefined> => {
    const got = await store.get(at);
    return got.kind === "found" ? Buffer.from(got.content).toString() : undefined;
  };
  const listAll = async (under?: string): Promise<readonly string[]> => {
    const keys: string[] = [];
    for await (const page of store.list(under)) keys.push(...page.map((object) => object.key));
    return keys;
  };

  describe(`${name}: an object`, () => {
    test("is absent before it is put", async () => {
      expect(await store.head(PAGE)).toEqual({ kind: "absent" });
      expect(await store.get(PAGE)).toEqual({ kind: "absent" });
      expect(await store.getTail(PAGE, 10)).toEqual({ kind: "absent" });
      expect(await listAll()).toEqual([]);
    });

    test.each([
      "index.html",
      "feed.xml",
      "films/alien/index.html",
      "é 🎬/&?#%20+/index.html",
      "a/!'()*;:@=$,~_.-/[x]{y}|^`\"<>/index.html",
      `${"x".repeat(200)}/${"y".repeat(200)}/${"ü".repeat(100)}/index.html`,
      ".rekiln/site.json",
    ])("is put as %s, found, listed and read as it is", async (name) => {
      const etag = await create(key(name), "<p>é</p>");
      const head = { etag, bytes: 9, carried: undefined, digest: undefined, contentEncoding: undefined };
      expect(await store.head(key(name))).toMatchObject({ kind: "found", head });
      expect(await store.get(key(name))).toMatchObject({ kind: "found", head: { etag, bytes: 9 } });
      expect(await textOf(key(name))).toBe("<p>é</p>");
      const listed = [];
      for await (const page of store.list()) listed.push(...page);
      expect(listed).toEqual([{ key: name, etag, bytes: 9 }]);
    });

    test("may be empty, or large", async () => {
      await create(key("empty.txt"), "");
      expect(await textOf(key("empty.txt"))).toBe("");
      expect(await store.getTail(key("empty.txt"), 10)).toMatchObject({ kind: "found", content: new Uint8Array() });
      const large = "x".repeat(5 << 20);
      await create(PAGE, large);
      expect(await store.head(PAGE)).toMatchObject({ head: { bytes: 5 << 20 } });
      expect(await textOf(PAGE)).toBe(large);
    });

    test("gives its last bytes alone", async () => {
      const etag = await create(PAGE, "<p>Alien</p>\n<!--x-->\n");
      const tail = await store.getTail(PAGE, 9);
      expect(tail).toMatchObject({ kind: "found", head: { etag, bytes: 22 } });
      expect(tail.kind === "found" && Buffer.from(tail.content).toString()).toBe("<!--x-->\n");
      const whole = await store.getTail(PAGE, 4096);
      expect(whole).toMatchObject({ head: { bytes: 22 } });
      expect(whole.kind === "found" && whole.content.length).toBe(22);
    });

    test("keeps what its headers say", async () => {
      const headers: ObjectHeaders = {
        contentType: "text/html; charset=utf-8",
        cacheControl: "public, max-age=60",
        contentEncoding: "gzip",
        redirect: "/films/alien-1979/",
        cacheTags: ["film", "film-42"],
        carried: { stamp: { epoch: 7, version: 0x18f3a, time: 60 }, key: "film/42" },
        digest: digestOf("x"),
      };
      const etag = await create(PAGE, "packed", headers);
      const { contentEncoding, redirect, carried, digest } = headers;
      const head = { etag, bytes: 6, contentEncoding, redirect, carried, digest };
      expect(await store.head(PAGE)).toEqual({ kind: "found", head });
      expect(await store.get(PAGE)).toMatchObject({ head });
    });

    test("has its redirect encoded where headers can't hold it", async () => {
      await create(PAGE, "x", { ...HTML, redirect: "/films/Amélie 2/" });
      expect(await store.head(PAGE)).toMatchObject({ head: { redirect: "/films/Am%C3%A9lie%202/" } });
    });

    test("with a header that nothing can hold is refused, and isn't there", async () => {
      const headers = { ...HTML, cacheControl: "no\r\nx: y" };
      const outcome = await store.put({ key: PAGE, content: bytes("x"), headers, condition: CREATE });
      expect(outcome).toMatchObject({ kind: "refused", error: { code: "store-header", disposition: "discard" } });
      expect(await store.head(PAGE)).toEqual({ kind: "absent" });
    });

    test("may come as a stream, with its hash", async () => {
      const content = Buffer.from("many pieces ".repeat(20_000));
      const sha256 = createHash("sha256").update(content).digest("hex");
      const open = async function* (): AsyncIterable<Uint8Array> {
        for (let at = 0; at < content.length; at += 60_000) yield content.subarray(at, at + 60_000);
      };
      const streamed = { bytes: content.length, sha256, open };
      const outcome = await store.put({ key: PAGE, content: streamed, headers: HTML, condition: CREATE });
      expect(outcome).toMatchObject({ kind: "put" });
      expect(await textOf(PAGE)).toBe(content.toString());
    });

    test("whose stream isn't what its hash says isn't stored", async () => {
      const open = async function* (): AsyncIterable<Uint8Array> {
        yield bytes("other");
      };
      const content = { bytes: 5, sha256: createHash("sha256").update("bytes").digest("hex"), open };
      const outcome = await store.put({ key: PAGE, content, headers: HTML, condition: CREATE });
      expect(outcome.kind).toBe("refused");
      expect(await store.head(PAGE)).toEqual({ kind: "absent" });
    });
  });

  describe(`${name}: a put`, () => {
    test("creates only where nothing is", async () => {
      await create(PAGE, "first");
      const outcome = await store.put({ key: PAGE, content: bytes("second"), headers: HTML, condition: CREATE });
      expect(outcome).toEqual({ kind: "precondition-failed" });
      expect(await textOf(PAGE)).toBe("first");
    });

    test("replaces only what it names", async () => {
      const first = await create(PAGE, "first");
      const outcome = await replace(PAGE, "second", first);
      expect(outcome).toMatchObject({ kind: "put" });
      expect(await textOf(PAGE)).toBe("second");
      expect(await replace(PAGE, "third", first)).toEqual({ kind: "precondition-failed" });
      expect(await replace(PAGE, "third", STALE)).toEqual({ kind: "precondition-failed" });
      expect(await textOf(PAGE)).toBe("second");
    });

    test("that would replace something finds nothing where nothing is", async () => {
      expect(await replace(PAGE, "x", STALE)).toEqual({ kind: "absent" });
      expect(await store.head(PAGE)).toEqual({ kind: "absent" });
    });

    test("gives another etag for other bytes, also when only the stamp differs", async () => {
      const first = await create(PAGE, "<p>\n<!--rekiln 1.1.0 a-->\n");
      const outcome = await replace(PAGE, "<p>\n<!--rekiln 1.2.0 a-->\n", first);
      expect(outcome.kind === "put" && outcome.etag !== first).toBe(true);
    });

    test("lets exactly one of 20 racing creates win", async () => {
      const racers = Array.from({ length: 20 }, (_, n) => ({
        key: PAGE,
        content: bytes(`${n}`),
        headers: HTML,
        condition: CREATE,
      }));
      const outcomes = await store.putMany(racers);
      expect(outcomes.filter(({ kind }) => kind === "put")).toHaveLength(1);
      const winner = outcomes.findIndex(({ kind }) => kind === "put");
      expect(await textOf(PAGE)).toBe(`${winner}`);
      for (const { kind } of outcomes) expect(["put", "precondition-failed", "conflict"]).toContain(kind);
    });

    test("lets exactly one of 20 racing replacements win", async () => {
      const ifMatch = await create(PAGE, "first");
      const racers = Array.from({ length: 20 }, (_, n) => ({
        key: PAGE,
        content: bytes(`${n}`),
        headers: HTML,
        condition: { ifMatch },
      }));
      const outcomes = await store.putMany(racers);
      expect(outcomes.filter(({ kind }) => kind === "put")).toHaveLength(1);
    });

    test("among many has its outcome in its place", async () => {
      await create(key("b.txt"), "there");
      const puts = ["a.txt", "b.txt", "c.txt"].map((name) => ({
        key: key(name),
        content: bytes(name),
        headers: HTML,
        condition: CREATE,
      }));
      expect((await store.putMany(puts)).map(({ kind }) => kind)).toEqual(["put", "precondition-failed", "put"]);
      const heads = await store.headMany(["c.txt", "none.txt", "a.txt"].map(key));
      expect(heads.map(({ kind }) => kind)).toEqual(["found", "absent", "found"]);
    });

    test("isn't begun when its signal is aborted", async () => {
      const put = { key: PAGE, content: bytes("x"), headers: HTML, condition: CREATE };
      await expect(store.put(put, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
      expect(await store.head(PAGE)).toEqual({ kind: "absent" });
    });
  });

  describe(`${name}: a removal`, () => {
    test("takes only what it names", async () => {
      const etag = await create(PAGE, "x");
      if (harness.capabilities.remove === "unsupported") {
        expect(await store.remove(PAGE, etag)).toEqual({ kind: "unsupported" });
        expect(await textOf(PAGE)).toBe("x");
        return;
      }
      expect(await store.remove(PAGE, STALE)).toEqual({ kind: "precondition-failed" });
      expect(await textOf(PAGE)).toBe("x");
      expect(await store.remove(PAGE, etag)).toEqual({ kind: "removed" });
      expect(await store.head(PAGE)).toEqual({ kind: "absent" });
      expect(await store.remove(PAGE, etag)).toEqual({ kind: "absent" });
    });
  });

  describe(`${name}: a list`, () => {
    test("is in the order of bytes, and below what it is asked for", async () => {
      const names = [
        "a/b.txt",
        "a.txt",
        "a/a.txt",
        "B.txt",
        "é.txt",
        "z.txt",
        "\u{10000}.txt",
        "\uFFFD.txt",
        "ab/c.txt",
        "a b.txt",
        "a+b.txt",
      ];
      for (const name of names) await create(key(name), name);
      const inOrder = names.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      expect(await listAll()).toEqual(inOrder);
      expect(await listAll("a/")).toEqual(["a/a.txt", "a/b.txt"]);
      expect(await listAll("a b")).toEqual(["a b.txt"]);
      expect(await listAll("none/")).toEqual([]);
    });

    test("knows nothing of what stands outside of its prefix", async () => {
      const others = [await harness.connect(""), await harness.connect(`${harness.prefix.slice(0, -1)}x/`)];
      onTestFinished(() => Promise.all(others.map((other) => other[Symbol.asyncDispose]())).then(() => undefined));
      for (const other of others)
        await other.put({ key: PAGE, content: bytes("other"), headers: HTML, condition: CREATE });
      expect(await listAll()).toEqual([]);
      expect(await store.head(PAGE)).toEqual({ kind: "absent" });
      await create(PAGE, "ours");
      expect(await listAll()).toEqual([PAGE]);
      expect(await others[0]?.head(key(harness.prefix + PAGE))).toMatchObject({ kind: "found" });
    });

    test("streams more than fit into one answer", async () => {
      const names = Array.from({ length: 1050 }, (_, n) => `films/${String(n).padStart(5, "0")}/index.html`);
      await store.putMany(
        names.map((name) => ({ key: key(name), content: bytes(name), headers: HTML, condition: CREATE })),
      );
      const pages: number[] = [];
      const keys: string[] = [];
      for await (const page of store.list("films/")) {
        pages.push(page.length);
        keys.push(...page.map((object) => object.key));
      }
      expect(pages).toEqual([1000, 50]);
      expect(keys).toEqual(names);
    });
  });
}
