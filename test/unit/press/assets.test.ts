import { expect, test } from "vitest";

import { hashedKeyOf, isHashedKey } from "../../../src/press/assets.ts";

const DIGEST = "0f343b0931126a20f133d67c2b018a3b1e2f4a5b6c7d8e9f0a1b2c3d4e5f6071";

test.each([
  ["site.css", "site.0f343b0931126a20.css"],
  ["fonts/a.b/sans.woff2", "fonts/a.b/sans.0f343b0931126a20.woff2"],
  ["data.tar.gz", "data.tar.0f343b0931126a20.gz"],
])("the copy of %s is %s, and is known by its name", (file, hashed) => {
  expect(hashedKeyOf(file, DIGEST)).toBe(hashed);
  expect(isHashedKey(hashed)).toBe(true);
  expect(isHashedKey(file)).toBe(false);
});

test("a name without an extension ends with the hash, and isn't known", () => {
  expect(hashedKeyOf("CNAME", DIGEST)).toBe("CNAME.0f343b0931126a20");
  expect(isHashedKey("CNAME.0f343b0931126a20")).toBe(false);
});
