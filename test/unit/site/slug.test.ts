import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parsePath } from "../../../src/site/path.ts";
import { slug } from "../../../src/site/slug.ts";

describe("slug", () => {
  test.each([
    ["Drama", "drama"],
    ["Science Fiction & Fantasy", "science-fiction-fantasy"],
    ["  --Amélie--  ", "amelie"],
    ["Ænima ßtraße Łódź", "ænima-ßtraße-łodz"],
    ["Tiếng Việt", "tieng-viet"],
    ["İstanbul", "istanbul"],
    ["日本映画 2024", "日本映画-2024"],
    ["हिन्दी फ़िल्म", "हिन्दी-फ़िल्म".normalize("NFC")],
    ["Фильмы и ёлки", "фильмы-и-ёлки"],
    ["한국 영화", "한국-영화"],
    ["ｆｕｌｌ ﬁle", "full-file"],
    ["x² ½", "x2-1-2"],
    ["../../etc/passwd", "etc-passwd"],
    ["index.html", "index-html"],
    [".git", "git"],
    ["co\u00ADop\u200B", "coop"],
    ["1\uFE0F\u20E3 ❤️", "1"],
  ])("of %j is %s", (text, expected) => {
    expect(slug(text)).toBe(expected);
  });

  test("is a hash where no letter and no digit is left, another for another text", () => {
    const texts = ["", "!!!", "?", "🎬", "\u0301", "\uD800"];
    for (const text of texts) expect(slug(text)).toMatch(/^x-[0-9a-f]{12}$/);
    expect(new Set(texts.map(slug)).size).toBe(texts.length);
    expect(slug("!!!")).toBe("x-e84c538e7fe2");
  });

  test("cuts on a code point and keeps long texts apart by a hash", () => {
    const [a, b] = ["映".repeat(100), `${"映".repeat(99)}画`].map(slug);
    expect(a).toMatch(/^映{62}-[0-9a-f]{12}$/);
    expect(a).not.toBe(b);
    expect(slug("a".repeat(200))).toBe("a".repeat(200));
    expect(slug(`${"a".repeat(186)} ${"b".repeat(20)}`)).toMatch(/^a{186}-[0-9a-f]{12}$/);
  });

  test("is one valid segment for every text, and its own slug", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme", maxLength: 300 }), fc.string());
    fc.assert(
      fc.property(text, (given) => {
        const made = slug(given);
        expect(made).not.toContain("/");
        expect(parsePath(`/${made}/`)).toMatchObject({ ok: true });
        expect(made).not.toContain(".");
        expect(slug(made)).toBe(made);
      }),
      { numRuns: 5_000 },
    );
  });
});
