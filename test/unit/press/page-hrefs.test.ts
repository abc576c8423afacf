import { expect, test } from "vitest";

import { hrefsOf } from "../../../src/press/page-hrefs.ts";

test("addresses are found however they are quoted, and decoded", () => {
  expect(
    hrefsOf(
      `<!doctype html><a href="/a/?x=1&amp;y=2">a</a><A HREF='/b/'><img src=/c.png alt><form action = "/d/"><link rel=x href="&#x2f;e&#47;">`,
    ),
  ).toEqual(["/a/?x=1&y=2", "/b/", "/c.png", "/d/", "/e/"]);
});

test("comments, scripts, styles and other attributes hold none", () => {
  expect(
    hrefsOf(`<!-- <a href="/no/"> --><script>x = '<a href="/no/">'</script><style>a[href="/no/"]{}</style>
      <p title="<a href='/no/'>" data-href="/no/"><a href="/yes/">`),
  ).toEqual(["/yes/"]);
});

test("what isn't closed, or no markup at all, ends", () => {
  for (const text of [
    "<a href='",
    "<a href",
    "<",
    "<!--",
    "<script>",
    '<a href="x',
    "<<<<",
    "a < b",
    "<a =x>",
    "<a / / >",
  ]) {
    expect(hrefsOf(text).length).toBeLessThan(2);
  }
});

test.each(["<a href='", '<a "', "<!--", "<a b=", "</", "<script>", "&amp;&#", "<a href=x>"])(
  "100 KB of %j take no longer than linear time",
  (piece) => {
    const started = performance.now();
    hrefsOf(piece.repeat(Math.ceil(100_000 / piece.length)));
    expect(performance.now() - started).toBeLessThan(500);
  },
);
