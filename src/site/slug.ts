import { digestOf } from "../core/digest.ts";

const MAX_BYTES = 200;
const HASH_DIGITS = 12;

/** At most `bytes` bytes of UTF-8 from the start, cut between code points. */
function firstBytes(text: string, bytes: number): string {
  let end = 0;
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/**
 * One readable path segment for any text: lower-case letters and digits of every script, with `-` for whatever stands
 * between them. It is NFC, never empty, has no dot, and is always accepted by the path grammar.
 *
 * Compatibility forms are written out (`ﬁ` is `fi`, full-width is ASCII) and Latin letters lose their accents (`é` is
 * `e`); marks of other scripts stay, and so do letters that only look accented (`ø`, `ł`, `ß`). More than 200 bytes
 * of UTF-8 are cut, with `-` and 12 hexadecimal digits of the text's SHA-256 at the end; a text without letters and
 * digits becomes `x-` and these 12 digits.
 */
export function slug(text: string): string {
  const letters = text
    .normalize("NFKD")
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "")
    .replaceAll(/(\p{Script=Latin})\p{M}+/gu, "$1")
    .normalize("NFC");
  const words = letters.match(/[\p{L}\p{N}][\p{L}\p{Mn}\p{Mc}\p{N}]*/gu) ?? [];
  const hash = digestOf(text).slice(0, HASH_DIGITS);
  if (words.length === 0) return `x-${hash}`;
  const whole = words.join("-");
  if (Buffer.byteLength(whole) <= MAX_BYTES) return whole;
  return `${firstBytes(whole, MAX_BYTES - HASH_DIGITS - 1).replace(/-$/, "")}-${hash}`;
}
