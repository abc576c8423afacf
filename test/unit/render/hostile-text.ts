import * as fc from "fast-check";

import { XSS_PAYLOADS } from "../../support/xss-payloads.ts";

const WORDS = ["<", ">", "'", '"', "/", "!", "-", "=", "&", " ", "\n", "\0", "`", "]", "script", "style", "on"];

/** What somebody may write into a field who means harm, or nothing at all. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...XSS_PAYLOADS),
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.array(fc.oneof(fc.constantFrom(...XSS_PAYLOADS), fc.string()), { maxLength: 4 }).map((parts) => parts.join("")),
  fc.string({ unit: fc.constantFrom(...WORDS) }),
);
