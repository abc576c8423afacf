import { expect, test } from "vitest";

import { contentTypeOf } from "../../../src/core/content-type.ts";

test.each([
  ["films/alien/index.html", "text/html; charset=utf-8"],
  ["feed.xml", "application/xml; charset=utf-8"],
  ["search.json", "application/json; charset=utf-8"],
  ["robots.txt", "text/plain; charset=utf-8"],
  ["site.webmanifest", "application/manifest+json; charset=utf-8"],
  ["a.b/STYLE.CSS", "text/css; charset=utf-8"],
  ["photo.JPG", "image/jpeg"],
  ["font.woff2", "font/woff2"],
  ["data.unknown", "application/octet-stream"],
  ["folder.html/file", "application/octet-stream"],
  ["x.constructor", "application/octet-stream"],
  ["", "application/octet-stream"],
])("%s is %s", (key, type) => {
  expect(contentTypeOf(key)).toBe(type);
});
