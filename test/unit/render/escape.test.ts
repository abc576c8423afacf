import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkUrl,
  escapeAttribute,
  escapeSrcset,
  escapeText,
  escapeXml,
  escapeXmlAttribute,
} from "../../../src/render/escape.ts";
import { XSS_PAYLOADS } from "../../support/xss-payloads.ts";
import { attributeValues, textOf } from "./dom-shape.ts";

const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom(...XSS_PAYLOADS));
// An HTML parser turns carriage returns into line breaks, NUL into U+FFFD or nothing, and drops a first line break in a textarea.
const isKeptByParsers = (value: string): boolean => !/[\r\0\n]/.test(value);

describe("escaping", () => {
  it("is undone by a parser, in text and attributes", () => {
    fc.assert(
      fc.property(anyText.filter(isKeptByParsers), (value) => {
        expect(textOf(`<p>${escapeText(value)}</p>`, "p") ?? "").toBe(value);
        expect(textOf(`<textarea>${escapeText(value)}</textarea>`, "textarea") ?? "").toBe(value);
        expect(attributeValues(`<p title="${escapeAttribute(value)}">`, "title")).toEqual([value]);
        expect(attributeValues(`<p title='${escapeAttribute(value)}'>`, "title")).toEqual([value]);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps XML well-formed", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(escapeXml(value)).toMatch(/^[\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
        expect(escapeXml(value).replaceAll(/&(?:amp|lt|gt|quot|#39|#13);/g, "")).not.toMatch(/[&<>"']/);
        expect(escapeXmlAttribute(value)).not.toMatch(/[\t\n\r<>"']/);
      }),
      { numRuns: 300 },
    );
  });

  it("lets only web, mail and phone addresses through, as a browser would read them", () => {
    const base = "https://site.example/page/";
    const scheme = fc.constantFrom("javascript:", "JAVAscript:", "data:", "http:", "mailto:", "x:", "//", "/", "?", "");
    const noise = fc.string({
      unit: fc.constantFrom("\t", "\n", "\r", " ", "\u0000", "\u0001", "\u00a0", "a", ":", "/"),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.tuple(noise, scheme, noise).map((parts) => parts.join("")),
        ),
        (value) => {
          const checked = checkUrl(value);
          if (!URL.canParse(checked, base) || checked === "about:invalid#blocked") return;
          expect(["http:", "https:", "mailto:", "tel:"]).toContain(new URL(checked, base).protocol);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("blocks nothing that a browser would take for an allowed address", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const base = "https://site.example/page/";
        if (!URL.canParse(value, base)) return;
        const isAllowed = ["http:", "https:", "mailto:", "tel:"].includes(new URL(value, base).protocol);
        expect(checkUrl(value) === value).toBe(isAllowed);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["/a.webp 1x, /b.webp 2x", "/a.webp 1x, /b.webp 2x"],
    ["https://a.example/a,b.webp", "https://a.example/a,b.webp"],
    ["/a.webp, data:image/png,x 2x", "about:invalid#blocked"],
    ["java\tscript:x", "about:invalid#blocked"],
  ])("writes a srcset of %j as %j", (value, expected) => {
    expect(escapeSrcset(value)).toBe(expected);
  });

  it("takes no longer for hostile text than for any other", () => {
    for (const unit of ["<", "a:", " ", "\t", "javascript:", ",", "&"]) {
      const value = unit.repeat(100_000 / unit.length);
      const start = performance.now();
      for (const write of [escapeText, escapeAttribute, escapeXml, escapeSrcset, checkUrl]) write(value);
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });
});
