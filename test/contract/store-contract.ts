import { createHash, hash } from "node:crypto";

import { beforeEach, describe, expect, test } from "vitest";

import { digestOf } from "../../src/core/digest.ts";
import { RekilnError } from "../../src/core/errors.ts";
import { pageKey } from "../../src/core/page.ts";
import type { ObjectKey } from "../../src/core/path.ts";
import { carriedKey, carrier } from "../../src/core/stamp.ts";
import type { Stamp } from "../../src/core/stamp.ts";
import type { PageStore, Staged } from "../../src/store/store.ts";
import type { StoreHarness } from "./store-harness.ts";
import { telltaleContent } from "./telltale-content.ts";

// The path grammar makes keys; here they are written by hand.
const key = (text: string): ObjectKey => text as ObjectKey;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const PAGE = key("films/alien/index.html");
const STAMP: Stamp = { epoch: 7, version: 0x18f3a, time: 0 };

/** What every page store does. `open` makes an empty one of its own. */
export function storeContract(name: string, open: () => StoreHarness): void {
  let harness: StoreHarness;
  let store: PageStore;

  beforeEach(() => {
    harness = open();
    ({ store } = harness);
  });

  const place = (staged: Staged): string => {
    try {
      return store.replace(staged);
    } finally {
      store.discard(staged);
    }
  };
  const replace = (at: ObjectKey, content: string): string => place(store.stage(at, bytes(content)));

  describe(`${name}: an object`, () => {
    test("is none before it is written", () => {
      expect(store.etag(PAGE)).toBeUndefined();
      expect(store.read(PAGE)).toBeUndefined();
    });

    test.each(["index.html", "feed.xml", "films/alien/index.html", "a/b/c/d/e/f/index.html", "é 🎬/&?#%20/index.html"])(
      "is created as %s, and read as it is",
      (name) => {
        const etag = store.create(key(name), bytes("<p>é</p>"));
        expect(etag).toBeTypeOf("string");
        expect(store.etag(key(name))).toBe(etag);
        expect(store.read(key(name))).toEqual({ etag, bytes: 9, digest: digestOf("<p>é</p>"), carried: undefined });
        expect(harness.everything()).toEqual([name]);
      },
    );

    test("may be empty, or as large as a page gets", () => {
      store.create(key("empty.txt"), bytes(""));
      expect(store.read(key("empty.txt"))).toMatchObject({ bytes: 0, digest: digestOf(""), carried: undefined });
      const large = "x".repeat(5 << 20);
      replace(PAGE, large);
      expect(store.read(PAGE)).toMatchObject({ bytes: 5 << 20, digest: digestOf(large) });
    });

    test("is never created where something is: that stays as it is", () => {
      store.create(PAGE, bytes("first"));
      const before = store.read(PAGE);
      expect(store.create(PAGE, bytes("second"))).toBeUndefined();
      expect(store.read(PAGE)).toEqual(before);
      harness.putForeign("by-hand.html", "by hand");
      expect(store.create(key("by-hand.html"), bytes("second"))).toBeUndefined();
      expect(store.read(key("by-hand.html"))?.digest).toBe(digestOf("by hand"));
    });

    test("is never created below a file or in the place of a folder", () => {
      harness.putForeign("x.y", "a file");
      harness.putForeign("folder.html/index.html", "a file");
      expect(store.create(key("x.y/index.html"), bytes("x"))).toBeUndefined();
      expect(store.create(key("x.y/deep/er/index.html"), bytes("x"))).toBeUndefined();
      expect(store.create(key("folder.html"), bytes("x"))).toBeUndefined();
      expect(harness.everything()).toEqual(["folder.html/index.html", "x.y"]);
    });

    test("is neither where only a folder is, nor below a file", () => {
      harness.putForeign("x.y/index.html", "a file");
      harness.putForeign("file.txt", "a file");
      for (const at of [key("x.y"), key("file.txt/index.html")]) {
        expect(store.etag(at)).toBeUndefined();
        expect(store.read(at)).toBeUndefined();
      }
    });
  });

  describe(`${name}: a staged object`, () => {
    test("is seen by nobody before it replaces", () => {
      store.create(PAGE, bytes("old"));
      const before = store.read(PAGE);
      const staged = store.stage(PAGE, bytes("new"));
      expect(store.read(PAGE)).toEqual(before);
      const etag = place(staged);
      expect(store.read(PAGE)).toMatchObject({ etag, digest: digestOf("new") });
      expect(harness.everything()).toEqual([PAGE]);
    });

    test("makes the folders that it needs, and only when it replaces", () => {
      const staged = store.stage(key("a/b/c.html"), bytes("x"));
      expect(store.read(key("a/b/c.html"))).toBeUndefined();
      place(staged);
      expect(harness.everything()).toEqual(["a/b/c.html"]);
    });

    test("may come in pieces, and be larger than any page", () => {
      const piece = Buffer.alloc(1 << 20);
      const content = createHash("sha256");
      function* pieces(): Iterable<Uint8Array> {
        for (let n = 0; n < 9; n++) {
          // The same memory again: what was in it must have been written.
          piece.fill(n);
          content.update(piece);
          yield piece;
        }
        yield bytes(carrier("html", STAMP, "film/1"));
      }
      const etag = place(store.stagePieces(PAGE, pieces()));
      expect(store.read(PAGE)).toEqual({
        etag,
        bytes: (9 << 20) + carrier("html", STAMP, "film/1").length,
        digest: content.digest("hex"),
        carried: { stamp: STAMP, key: "film/1" },
      });
      place(store.stagePieces(PAGE, []));
      expect(store.read(PAGE)).toMatchObject({ bytes: 0, digest: digestOf("") });
      expect(harness.everything()).toEqual([PAGE]);
    });

    test("whose pieces end with an error isn't staged", () => {
      function* pieces(): Iterable<Uint8Array> {
        yield bytes("x");
        throw new Error("a broken disk");
      }
      expect(() => store.stagePieces(PAGE, pieces())).toThrow("a broken disk");
      expect(harness.everything()).toEqual([]);
    });

    test("that is discarded leaves nothing behind, and may be discarded twice", () => {
      const staged = store.stage(PAGE, bytes("new"));
      store.discard(staged);
      store.discard(staged);
      expect(harness.everything()).toEqual([]);
    });

    test("replaces what somebody else put there too", () => {
      harness.putForeign("films/alien/index.html", "by hand");
      replace(PAGE, "ours");
      expect(store.read(PAGE)?.digest).toBe(digestOf("ours"));
    });

    test("of one writer isn't another's, though both stage one page", () => {
      const other = harness.connect("other");
      const [mine, theirs] = [store.stage(PAGE, bytes("mine")), other.stage(PAGE, bytes("theirs"))];
      store.discard(mine);
      other.replace(theirs);
      expect(store.read(PAGE)?.digest).toBe(digestOf("theirs"));
    });

    test("comes into a folder that another writer removed meanwhile", () => {
      const other = harness.connect("other");
      store.create(PAGE, bytes("x"));
      other.remove(PAGE);
      replace(PAGE, "again");
      expect(store.read(PAGE)?.digest).toBe(digestOf("again"));
      other.remove(PAGE);
      expect(store.create(PAGE, bytes("created"))).toBeTypeOf("string");
    });

    test.each([
      ["a file where it needs a folder", "films/alien", "films/alien/index.html"],
      ["a file where it needs a folder further up", "films", "films/alien/index.html"],
      ["a folder where it is a file", "feed.xml/index.html", "feed.xml"],
    ])("that finds %s is an error that names it, and leaves it there", (_, foreign, wanted) => {
      harness.putForeign(foreign, "by hand");
      const staged = store.stage(key(wanted), bytes("x"));
      const blocked = (): string => store.replace(staged);
      expect(blocked).toThrow(RekilnError);
      expect(blocked).toThrow(
        expect.objectContaining({ code: "store-blocked", disposition: "discard", hint: expect.any(String) }),
      );
      expect(blocked).toThrow(wanted);
      store.discard(staged);
      expect(harness.everything()).toEqual([foreign]);
    });
  });

  describe(`${name}: an etag`, () => {
    test("is another one after each write, also of the same bytes", () => {
      const etags: string[] = [];
      for (let n = 0; n < 300; n++) etags.push(replace(PAGE, "the same bytes"));
      for (const [n, etag] of etags.entries()) expect(etag, `write ${n}`).not.toBe(etags[n - 1]);
    });

    test("is another one when an object goes and comes back", () => {
      for (let n = 0; n < 300; n++) {
        const first = store.create(PAGE, bytes("the same bytes"));
        store.remove(PAGE);
        const second = store.create(PAGE, bytes("the same bytes"));
        expect(second, `round ${n}`).not.toBe(first);
        store.remove(PAGE);
      }
    });

    test("stays while nobody writes, and is the same for every writer", () => {
      const etag = replace(PAGE, "x");
      expect(store.etag(PAGE)).toBe(etag);
      expect(store.read(PAGE)?.etag).toBe(etag);
      expect(harness.connect("other").etag(PAGE)).toBe(etag);
      replace(key("films/aliens/index.html"), "y");
      expect(store.etag(PAGE)).toBe(etag);
    });

    test("is another one when somebody else writes", () => {
      const etag = replace(PAGE, "ours");
      harness.putForeign("films/alien/index.html", "by hand");
      expect(store.etag(PAGE)).not.toBe(etag);
    });
  });

  describe(`${name}: the stamp of a page`, () => {
    const carried = carriedKey(pageKey("film", "--->🎬", 2), (text) => hash("sha256", text, "hex"));

    test.each(["html", "xml", "txt", "json", "css", "js", "csv", "HTML"])(
      "is found at the end of a .%s file",
      (extension) => {
        const at = key(`page.${extension}`);
        const content = "x".repeat(9000);
        replace(at, content + carrier(extension.toLowerCase(), STAMP, carried));
        const stored = store.read(at);
        expect(stored?.carried).toEqual({ stamp: STAMP, key: carried });
        expect(stored?.digest).toBe(digestOf(content));
      },
    );

    test("doesn't count for the digest: pages that differ only by it are equal", () => {
      const digests = [1, 2].map((version) => {
        replace(PAGE, `<p>é</p>${carrier("html", { ...STAMP, version }, carried)}`);
        return store.read(PAGE)?.digest;
      });
      expect(digests).toEqual([digestOf("<p>é</p>"), digestOf("<p>é</p>")]);
    });

    test("isn't found in a torn page, wherever it was torn", () => {
      const whole = `<p>x</p>${carrier("html", STAMP, carried)}`;
      for (let length = 0; length < whole.length; length++) {
        replace(PAGE, whole.slice(0, length));
        expect(store.read(PAGE)?.carried, `${length} of ${whole.length} bytes`).toBeUndefined();
      }
    });
  });

  describe(`${name}: remove`, () => {
    test("takes the object and the folders that it leaves empty, and no others", () => {
      for (const at of ["a/b/c/index.html", "a/b/d/index.html", "a/index.html"]) store.create(key(at), bytes("x"));
      store.remove(key("a/b/c/index.html"));
      expect(harness.everything()).toEqual(["a/b/d/index.html", "a/index.html"]);
      store.remove(key("a/b/d/index.html"));
      expect(harness.everything()).toEqual(["a/index.html"]);
      store.remove(key("a/index.html"));
      expect(harness.everything()).toEqual([]);
      expect(store.isEmpty()).toBe(true);
    });

    test("of what isn't there changes nothing", () => {
      store.create(PAGE, bytes("x"));
      for (const at of ["none.html", "films/none/index.html", "films/alien", "films/alien/index.html/index.html"])
        store.remove(key(at));
      expect(harness.everything()).toEqual([PAGE]);
    });

    test("leaves a folder that holds somebody else's file", () => {
      harness.putForeign("films/alien/notes.txt", "by hand");
      store.create(PAGE, bytes("x"));
      store.remove(PAGE);
      expect(harness.everything()).toEqual(["films/alien/notes.txt"]);
    });

    test("is followed by a write to the same place", () => {
      for (let n = 0; n < 3; n++) {
        replace(PAGE, String(n));
        expect(store.read(PAGE)?.digest).toBe(digestOf(String(n)));
        store.remove(PAGE);
        expect(store.read(PAGE)).toBeUndefined();
      }
    });
  });

  describe(`${name}: the whole of it`, () => {
    test("is empty before the first object, with a site record or without", () => {
      expect(store.isEmpty()).toBe(true);
      store.writeRecord("{}");
      expect(store.isEmpty()).toBe(true);
      store.create(PAGE, bytes("x"));
      expect(store.isEmpty()).toBe(false);
    });

    test("isn't empty with somebody else's file", () => {
      harness.putForeign("CNAME", "films.example");
      expect(store.isEmpty()).toBe(false);
    });

    test("is scanned: each object with what it carries, and nothing else", () => {
      expect([...store.scan()]).toEqual([]);
      store.writeRecord("{}");
      store.create(PAGE, bytes(`x${carrier("html", STAMP, "film/1")}`));
      store.create(key("feed.xml"), bytes("torn"));
      harness.putForeign("é/by hand", "by hand");
      const staged = store.stage(key("other.html"), bytes("x"));
      const found = [...store.scan()].toSorted((left, right) => (left.key < right.key ? -1 : 1));
      expect(found).toEqual([
        { key: "feed.xml", carried: undefined },
        { key: PAGE, carried: { stamp: STAMP, key: "film/1" } },
        { key: "é/by hand", carried: undefined },
      ]);
      store.discard(staged);
    });

    test("is scanned for the objects that are wanted", () => {
      const keys = ["a.html", "films/alien/index.html", "feed.xml"].map((name) => name as ObjectKey);
      for (const key of keys) store.replace(store.stage(key, Buffer.from("x")));
      const found = [...store.scan((key) => key.endsWith(".html"))].map(({ key }) => key);
      expect(found.toSorted()).toEqual(["a.html", "films/alien/index.html"]);
    });

    test("keeps one site record, replaced as a whole", () => {
      expect(store.readRecord()).toBeUndefined();
      store.writeRecord('{"a":"é🎬"}');
      expect(harness.connect("other").readRecord()).toBe('{"a":"é🎬"}');
      store.writeRecord("{}");
      expect(store.readRecord()).toBe("{}");
      expect(harness.everything()).toEqual([]);
    });

    test("loses what a killed writer staged, when it is told to", () => {
      expect(store.removeTemporary()).toBe(0);
      const killed = harness.connect("killed");
      killed.stage(PAGE, bytes("x"));
      killed.stage(key("feed.xml"), bytes("x"));
      store.create(key("index.html"), bytes("x"));
      expect(harness.everything()).toHaveLength(3);
      expect(store.removeTemporary()).toBe(2);
      expect(harness.everything()).toEqual(["index.html"]);
    });
  });

  test(`${name}: a reader never sees half a page, nor none, while it is replaced`, async () => {
    replace(PAGE, telltaleContent(0));
    const poll = await harness.poll(PAGE);
    for (let n = 1; n <= 100 || poll.reads() < 300; n++) replace(PAGE, telltaleContent(n));
    const { reads, torn, missing } = await poll.stop();
    expect({ torn, missing }).toEqual({ torn: 0, missing: 0 });
    expect(reads).toBeGreaterThanOrEqual(300);
  });
}
