import { HtmlValidate } from "html-validate";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import { pageKey } from "../../../src/core/page.ts";
import type { SitePath } from "../../../src/core/path.ts";
import { carriedKey, carrier } from "../../../src/core/stamp.ts";
import {
  pageOfRedirect,
  REDIRECT_BYTES_MAX,
  redirectAddress,
  redirectBody,
  redirectCarrier,
  redirectKey,
} from "../../../src/press/redirect-page.ts";
import { encodePath, parsePath } from "../../../src/site/path.ts";

const SITE = { url: "https://films.example/base", base: "/base" };
const STAMP = { epoch: 7, version: 0x18f3a, time: 0 };
const CARRIED = carriedKey(pageKey("film", "42", 1), digestOf);

function path(text: string): SitePath {
  const parsed = parsePath(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.path;
}

const redirect = (to: string): string => redirectBody(SITE, path(to)) + redirectCarrier(STAMP, CARRIED);

describe("a redirect", () => {
  test("leads there by refresh, canonical address and link, is kept out of indexes, and is valid HTML", async () => {
    const html = redirect("/films/amélie & <co>/");
    const address = "/base/films/am%C3%A9lie%20&amp;%20%3Cco%3E/";
    expect(html).toContain(`<meta http-equiv="refresh" content="0; url=${address}">`);
    expect(html).toContain(`<link rel="canonical" href="https://films.example${address}">`);
    expect(html).toContain(`<a href="${address}">`);
    expect(html).toContain('<meta name="robots" content="noindex">');
    expect(html.endsWith("\n<!--rekiln 7.18f3a.0 redirect:film/42-->\n")).toBe(true);
    const { results } = await new HtmlValidate({ extends: ["html-validate:standard"] }).validateString(html);
    expect(results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId))).toEqual([]);
  });

  test("is known by its bytes, and tells where it leads, whatever path that is", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", minLength: 1 }), { maxLength: 4 }), (names) => {
        const parsed = parsePath(`/${names.map((name) => `${name}/`).join("")}`);
        fc.pre(parsed.ok);
        const html = redirect(parsed.path);
        expect(redirectAddress(html)).toBe(encodePath(SITE.base, parsed.path));
        expect(html.length).toBeLessThan(REDIRECT_BYTES_MAX);
      }),
    );
  });

  test("is never larger than what is looked at", () => {
    const longest = `/${Array.from({ length: 4 }, () => `${"é".repeat(100)}/`).join("")}${"'".repeat(80)}/`;
    expect(redirect(longest).length).toBeLessThan(REDIRECT_BYTES_MAX);
  });
});

describe("no redirect is", () => {
  const genuine = redirect("/films/alien/");

  test("a page that says all that one says, since its own stamp comes last", () => {
    expect(redirectAddress(genuine + carrier("html", STAMP, CARRIED))).toBeUndefined();
    expect(redirectAddress(redirectBody(SITE, path("/x/")) + carrier("html", STAMP, CARRIED))).toBeUndefined();
  });

  test.each([
    ["with anything before it", `<p>hello</p>${genuine}`],
    ["with another address to see", genuine.replace('<a href="/base/films/alien/">', '<a href="/base/x/">')],
    [
      "to another host",
      genuine.replaceAll('"/base/', '"//evil.example/').replaceAll("url=/base/", "url=//evil.example/"),
    ],
    ["to an address that breaks a header", genuine.replaceAll("/base/films", "/base/\r\nSet-Cookie: x")],
    ["of which a part is missing", genuine.slice(200)],
    ["without a stamp", redirectBody(SITE, path("/films/alien/"))],
  ])("one %s", (_, html) => {
    expect(redirectAddress(html)).toBeUndefined();
  });

  test("what carries the key of any page", () => {
    for (const key of [
      pageKey("redirect:film", "42", 1),
      pageKey("redirect", "film/42", 1),
      pageKey("film", "redirect:", 1),
    ])
      expect(pageOfRedirect(carriedKey(key, digestOf))).toBeUndefined();
  });
});

test("the page of a redirect is known from it, unless its key was cut", () => {
  for (const subject of ["42", "a--b-", "x%2Dy", "é 🎬", "-", "~".repeat(60)]) {
    const key = pageKey("film", subject, 3);
    expect(pageOfRedirect(redirectKey(carriedKey(key, digestOf)))).toBe(key);
  }
  const long = pageKey("film", "long ".repeat(60), 1);
  expect(pageOfRedirect(redirectKey(carriedKey(long, digestOf)))).toBeUndefined();
});
