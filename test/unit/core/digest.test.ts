import { expect, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";

test("a digest is the SHA-256 of the bytes in hexadecimal, of a text in UTF-8", () => {
  expect(digestOf("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(digestOf("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(digestOf(Buffer.from("é🎬"))).toBe(digestOf("é🎬"));
});
