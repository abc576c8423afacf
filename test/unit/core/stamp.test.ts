import { hash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import { carriedKey, carrier, CARRIER_BYTES_MAX, findCarrier, formatStamp, isAsNew } from "../../../src/core/stamp.ts";
import type { Stamp } from "../../../src/core/stamp.ts";

const hashHex = (text: string): string => hash("sha256", text, "hex");
const EXTENSIONS = [
  ..."html xml svg rss atom xhtml txt md csv ics json webmanifest geojson css js mjs".split(" "),
  "pdf",
  "unknown",
  "",
  "constructor",
];

const stamp: fc.Arbitrary<Stamp> = fc.record({
  epoch: fc.nat(),
  version: fc.maxSafeNat(),
  time: fc.nat(),
});
const subject = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.constantFrom("-", "--", ">", "!", "a", "*/", "~"), { maxLength: 200 }).map((parts) => parts.join("")),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);
const key = fc.tuple(subject, fc.integer({ min: 1, max: 9999 })).map(([of, number]) => pageKey("film", of, number));
const body = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "\n", "<p>x</p>", "<!--rekiln 1.1.0 film/42-->\n", "x\n<!--rekiln 9.9.9 a-->\n", "\n \t\n"),
);

describe("a carrier", () => {
  test.each(EXTENSIONS)("at the end of a .%s page is found again, and nothing but it", (extension) => {
    fc.assert(
      fc.property(stamp, key, body, (stamp, key, content) => {
        const carried = carriedKey(key, hashHex);
        const page = content + carrier(extension, stamp, carried);
        const found = findCarrier(extension, page);
        expect(found).toMatchObject({ stamp, key: carried });
        expect(page.slice(0, page.length - (found?.length ?? 0))).toBe(content);
      }),
      { numRuns: 100 },
    );
  });

  test("is found in the last bytes alone, as the store reads them", () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXTENSIONS), stamp, key, (extension, stamp, key) => {
        const carried = carriedKey(key, hashHex);
        const page = Buffer.from("é".repeat(5000) + carrier(extension, stamp, carried));
        const tail = page.subarray(page.length - CARRIER_BYTES_MAX).toString("latin1");
        expect(findCarrier(extension, tail)).toMatchObject({ stamp, key: carried });
      }),
    );
  });

  test("can't end its own comment, whatever the page", () => {
    fc.assert(
      fc.property(stamp, key, (stamp, key) => {
        const carried = carriedKey(key, hashHex);
        expect(carried).not.toContain("--");
        expect(carried).not.toMatch(/[>\s]|\*\/|-$/);
        expect(carrier("html", stamp, carried).slice(5, -4)).not.toMatch(/--|>|-$/);
        expect(carrier("css", stamp, carried).slice(3, -4)).not.toContain("*/");
        expect(carrier("txt", stamp, carried).trim()).not.toContain("\n");
      }),
      { numRuns: 1000 },
    );
  });

  test("names two pages alike only if they are one", () => {
    fc.assert(
      fc.property(key, key, (left, right) => {
        expect(carriedKey(left, hashHex) === carriedKey(right, hashHex)).toBe(left === right);
      }),
      { numRuns: 1000 },
    );
  });

  test("stays short for ids of a megabyte, and tells them apart", () => {
    for (const unit of ["-", "🎬"]) {
      const id = unit.repeat(Math.ceil((1 << 20) / Buffer.byteLength(unit)));
      const carried = [`${id}x`, `${id}y`].map((one) => carriedKey(pageKey("film", one, 1), hashHex));
      expect(carried[0]).not.toBe(carried[1]);
      for (const one of carried) {
        expect(one).not.toContain("--");
        for (const extension of EXTENSIONS) {
          const stamp = { epoch: 2 ** 31, version: Number.MAX_SAFE_INTEGER, time: 9_999_999_999 };
          const bytes = carrier(extension, stamp, one);
          expect(Buffer.byteLength(bytes)).toBeLessThanOrEqual(CARRIER_BYTES_MAX);
          expect(findCarrier(extension, bytes)).toMatchObject({ stamp, key: one });
        }
      }
    }
  });

  test("is as short as it can be where keys are as long as they may be uncut", () => {
    const stamp = { epoch: 2 ** 31, version: Number.MAX_SAFE_INTEGER, time: 9_999_999_999 };
    const carried = carriedKey(pageKey("film", "-".repeat(235), 1), hashHex);
    expect(Buffer.byteLength(carrier("json", stamp, carried))).toBeLessThanOrEqual(CARRIER_BYTES_MAX);
  });

  test("of JSON is white space, which JSON passes over", () => {
    const text = `{"a":[1]}${carrier("json", { epoch: 7, version: 0x18f3a, time: 0 }, "film/42")}`;
    expect(JSON.parse(text)).toEqual({ a: [1] });
    expect(text.slice(9)).toMatch(/^[ \t\n]+$/);
  });

  test.each([
    ["html", "\n<!--rekiln 7.18f3a.0 film/42-->\n"],
    ["svg", "\n<!--rekiln 7.18f3a.0 film/42-->\n"],
    ["txt", "\n# rekiln 7.18f3a.0 film/42\n"],
    ["css", "\n/* rekiln 7.18f3a.0 film/42 */\n"],
  ])("of .%s is %j", (extension, wanted) => {
    expect(carrier(extension, { epoch: 7, version: 0x18f3a, time: 0 }, "film/42")).toBe(wanted);
  });
});

describe("no carrier is found", () => {
  const whole = `<p>x</p>${carrier("html", { epoch: 7, version: 9, time: 0 }, "film/42")}`;

  test("in a page that was cut anywhere", () => {
    for (let length = 0; length < whole.length; length++) {
      expect(findCarrier("html", whole.slice(0, length)), `${length} of ${whole.length}`).toBeUndefined();
    }
  });

  test.each([
    ["html", ""],
    ["html", "\n"],
    ["html", "<p>x</p>\n"],
    ["html", `${whole}<p>more</p>\n`],
    ["html", "\n<!--rekiln 7.9.0-->\n"],
    ["html", "\n<!--rekiln 7.xyz.0 film/42-->\n"],
    ["html", "\n<!--rekiln -7.9.0 film/42-->\n"],
    ["html", "\n<!-- rekiln 7.9.0 film/42 -->\n"],
    ["css", "\n<!--rekiln 7.9.0 film/42-->\n"],
    ["json", "{}\n \t \n"],
    ["json", "{}\n"],
  ])("in .%s %j", (extension, tail) => {
    expect(findCarrier(extension, tail)).toBeUndefined();
  });
});

describe("stamps", () => {
  const base = { epoch: 7, version: 100, time: 3600 };

  test("are compared by each component, never as a whole", () => {
    expect(isAsNew(base, base)).toBe(true);
    expect(isAsNew({ epoch: 8, version: 101, time: 3601 }, base)).toBe(true);
    expect(isAsNew({ ...base, epoch: 6, version: 999, time: 9999 }, base)).toBe(false);
    expect(isAsNew({ ...base, epoch: 99, version: 99, time: 9999 }, base)).toBe(false);
    expect(isAsNew({ epoch: 99, version: 999, time: 3599 }, base)).toBe(false);
  });

  test("are written with the version in hexadecimal", () => {
    expect(formatStamp({ epoch: 7, version: 0x18f3a, time: 1_700_000_000 })).toBe("7.18f3a.1700000000");
  });
});
