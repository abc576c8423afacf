import { posix, win32 } from "node:path";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { foldCase } from "../../../src/site/fold-case.ts";
import { ancestorKeys, encodePath, pagedPath, parsePath, windowsProblem } from "../../../src/site/path.ts";
import type { ParsedPath } from "../../../src/site/path.ts";
import { runsOf } from "../../support/runs.ts";

type Accepted = ParsedPath & { readonly ok: true };

function accepted(text: string): Accepted {
  const parsed = parsePath(text);
  if (!parsed.ok) throw new Error(`${JSON.stringify(text)} ${parsed.problem}`);
  return parsed;
}

const problemOf = (text: string): string => {
  const parsed = parsePath(text);
  return parsed.ok ? "accepted" : parsed.problem;
};

/** Texts near the grammar's edges: many are accepted, many are refused. */
const segment = fc.oneof(
  fc.constantFrom(
    "a",
    "A",
    "films",
    "x.y",
    "X.Y",
    "x.ſy",
    "x.ﬁ",
    "x.fi",
    "1.2",
    "é",
    "e\u0301",
    "ß",
    "SS",
    "ẞ",
    "ı",
    "I",
  ),
  fc.constantFrom(
    "",
    ".",
    "..",
    "...",
    ".git",
    ".well-known",
    "index.html",
    "INDEX.html",
    "%2e%2e",
    "a b",
    "c:",
    "Σας",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.nat(230).map((length) => "n".repeat(length)),
);
const pathText = fc
  .tuple(
    fc.constantFrom("/", "/", "/", "", "//", "\\"),
    fc.array(segment, { maxLength: 6 }),
    fc.constantFrom("", "/", ".html"),
  )
  .map(([start, segments, end]) => start + segments.join("/") + end);
const acceptedPath = pathText.map(parsePath).filter((parsed): parsed is Accepted => parsed.ok);

describe("parsePath", () => {
  test.each([
    ["/", "index.html", "/"],
    ["/films/alien/", "films/alien/index.html", "/films/alien"],
    ["/feed.xml", "feed.xml", "/feed.xml"],
    ["/404.html", "404.html", "/404.html"],
    ["/x.y/", "x.y/index.html", "/x.y"],
    ["/Straße/", "Straße/index.html", "/strasse"],
    ["/.well-known/security.txt", ".well-known/security.txt", "/.well-known/security.txt"],
    ["/what? 100 % #1/", "what? 100 % #1/index.html", "/what? 100 % #1"],
    ["/日本/映画.html", "日本/映画.html", "/日本/映画.html"],
  ])("stores %s as %s", (text, key, collisionKey) => {
    expect(parsePath(text)).toEqual({ ok: true, path: text, key, collisionKey });
  });

  test.each([
    ["", "doesn't start with /"],
    ["films/", "doesn't start with /"],
    ["/films", "ends neither in / nor in a file name with an extension"],
    ["/versions/1.2", "ends neither in / nor in a file name with an extension"],
    ["/St. Elmo", "ends neither in / nor in a file name with an extension"],
    ["/.well-known", "ends neither in / nor in a file name with an extension"],
    ["/a/../b/", "has a segment .."],
    ["/a/./b/", "has a segment ."],
    ["/..", "has a segment .."],
    ["//", "has an empty segment (two slashes in a row)"],
    ["//evil.example/", "has an empty segment (two slashes in a row)"],
    ["/a//b/", "has an empty segment (two slashes in a row)"],
    ["/.rekiln/site.json", "has a segment that starts with a dot: .rekiln; only .well-known may"],
    ["/a/.htaccess", "has a segment that starts with a dot: .htaccess; only .well-known may"],
    ["/a\\b/", "holds a backslash; folders are separated by /"],
    ["/a\0/", "holds the control character U+0000"],
    ["/a\u007F/", "holds the control character U+007F"],
    ["/a\u0085/", "holds the control character U+0085"],
    ["/a\uD800/", "holds half of a surrogate pair, which is no character"],
    ["/e\u0301/", 'is not in Unicode normal form NFC; use text.normalize("NFC")'],
    ["/films/index.html", "ends in index.html; write the folder instead: /films/"],
    ["/index.html", "ends in index.html; write the folder instead: /"],
    ["/INDEX.HTML", "ends in INDEX.HTML; write the folder instead: /"],
    ["/index.html/a/", "has a folder named index.html"],
    ["/a/Index.html/", "has a folder named Index.html"],
    [`/${"é".repeat(101)}/`, "has a segment of 202 bytes, and 200 is the most; slug() cuts long text"],
    [`/${`${"n".repeat(199)}/`.repeat(5)}`, "is stored under a key of 1010 bytes, and 900 is the most"],
  ])("refuses %j", (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  test("accepts a segment of 200 bytes and a key of 900", () => {
    const longest = `/${`${"n".repeat(199)}/`.repeat(4)}${"n".repeat(89)}/`;
    expect(accepted(longest).key).toHaveLength(900);
    expect(accepted(`/${"n".repeat(200)}/`).key).toHaveLength(211);
    expect(problemOf(`${longest.slice(0, -1)}n/`)).toBe("is stored under a key of 901 bytes, and 900 is the most");
  });

  test("never lets a path out of the store, and never alters one", () => {
    fc.assert(
      fc.property(pathText, (text) => {
        const parsed = parsePath(text);
        if (!parsed.ok) return;
        const { path, key } = parsed;
        expect(path).toBe(text);
        expect(posix.normalize(key)).toBe(key);
        expect(posix.relative("/srv/root", posix.join("/srv/root", key))).toBe(key);
        // There too it stays below the root, though Windows may not hold it.
        expect(win32.relative("C:\\\\srv", win32.join("C:\\\\srv", key)).startsWith("..")).toBe(false);
        expect(parsePath(path)).toEqual(parsed);
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(900);
        for (const name of key.split("/")) {
          expect(name).toMatch(/^(?:\.well-known$|[^./\\])/u);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: runsOf(20_000, "REKILN_PATH_RUNS") },
    );
  });

  test("stores two paths apart on a file system that folds case, unless their collision keys say otherwise", () => {
    fc.assert(
      fc.property(acceptedPath, acceptedPath, (a, b) => {
        if (a.collisionKey === b.collisionKey) return;
        const [folded, other] = [foldCase(a.key), foldCase(b.key)];
        expect(folded).not.toBe(other);
        if (other.startsWith(`${folded}/`)) expect(ancestorKeys(b.path)).toContain(a.collisionKey);
      }),
      { numRuns: runsOf(20_000, "REKILN_PATH_RUNS") },
    );
  });
});

describe("collision keys", () => {
  test.each([
    ["/x.y", "/x.y/"],
    ["/Films/", "/films/"],
    ["/STRASSE/", "/straße/"],
    ["/ẞ/", "/ss/"],
    ["/ΣΑΣ/", "/σας/"],
    ["/İ/", "/i\u0307/"],
    ["/É/", "/é/"],
  ])("%s collides with %s", (a, b) => {
    expect(accepted(a).collisionKey).toBe(accepted(b).collisionKey);
  });

  test.each([
    ["/kız/", "/kiz/"],
    ["/é/", "/e/"],
    ["/a/", "/a-/"],
  ])("%s doesn't collide with %s", (a, b) => {
    expect(accepted(a).collisionKey).not.toBe(accepted(b).collisionKey);
  });

  test("names the folders that could be files", () => {
    expect(ancestorKeys(accepted("/x.y/z/").path)).toEqual(["/x.y"]);
    expect(ancestorKeys(accepted("/A/X.Y/b/c.D/e.html").path)).toEqual(["/a/x.y", "/a/x.y/b/c.d"]);
    expect(ancestorKeys(accepted("/x.y/").path)).toEqual([]);
    expect(ancestorKeys(accepted("/1.2/a/").path)).toEqual([]);
    expect(ancestorKeys(accepted("/").path)).toEqual([]);
  });
});

describe("pagedPath", () => {
  test("puts page 1 at the path and the others below it", () => {
    const genre = accepted("/genres/drama/").path;
    expect(pagedPath(genre, 1)).toBe("/genres/drama/");
    expect(pagedPath(genre, 2)).toBe("/genres/drama/2/");
    expect(pagedPath(accepted("/").path, 3)).toBe("/3/");
  });

  test("has none below a file, for no page number, and where the key would be too long", () => {
    const feed = accepted("/feed.xml").path;
    expect(pagedPath(feed, 1)).toBe("/feed.xml");
    expect(pagedPath(feed, 2)).toBeUndefined();
    for (const n of [0, -1, 1.5, Number.NaN, Infinity]) expect(pagedPath(accepted("/").path, n)).toBeUndefined();
    const longest = `/${`${"n".repeat(199)}/`.repeat(4)}${"n".repeat(89)}/`;
    expect(pagedPath(accepted(longest).path, 2)).toBeUndefined();
  });
});

describe("encodePath", () => {
  test.each([
    ["", "/films/alien/", "/films/alien/"],
    ["/shop", "/", "/shop/"],
    ["", "/what? 100% #1/", "/what%3F%20100%25%20%231/"],
    ["", "/é/日本.html", "/%C3%A9/%E6%97%A5%E6%9C%AC.html"],
    ["", "/~!$&'()*+,;=:@-._/", "/~!$&'()*+,;=:@-._/"],
    ["", '/<">/', "/%3C%22%3E/"],
  ])("%s with %s is %s", (base, path, encoded) => {
    expect(encodePath(base, accepted(path).path)).toBe(encoded);
  });

  test("is read back by a URL parser as the same path", () => {
    fc.assert(
      fc.property(acceptedPath, ({ path }) => {
        const url = new URL(encodePath("/base", path), "https://films.example");
        expect(url.search + url.hash).toBe("");
        expect(url.pathname.split("/").map(decodeURIComponent).join("/")).toBe(`/base${path}`);
      }),
    );
  });
});

describe("windowsProblem", () => {
  test.each(["/CON/", "/a/nul.txt", "/com1/", "/LPT³.log", "/a:b/", "/what?/", "/a|b.html", "/a./", "/a /b/"])(
    "warns of %s",
    (path) => {
      expect(windowsProblem(path)).toBeTypeOf("string");
    },
  );

  test.each(["/", "/films/alien/", "/console/", "/com10/", "/null.txt", "/.well-known/security.txt"])(
    "has nothing against %s",
    (path) => {
      expect(windowsProblem(path)).toBeUndefined();
    },
  );
});
