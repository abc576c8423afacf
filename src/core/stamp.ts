import type { PageKey } from "./page.ts";

/** From which templates, data and clock a page was rendered. Stamps are compared per component. */
export interface Stamp {
  /** The newest epoch in which the route's templates, or the code, changed. */
  readonly epoch: number;
  /** The snapshot's version. */
  readonly version: number;
  /** Start of the `read.now` bucket in Unix seconds; 0 when the page read no clock. */
  readonly time: number;
}

/** Whether a page with stamp `left` is as new as one with `right`, in every component. */
export function isAsNew(left: Stamp, right: Stamp): boolean {
  return left.epoch >= right.epoch && left.version >= right.version && left.time >= right.time;
}

/** `7.18f3a.0`: epoch in decimal, version in hexadecimal, time in decimal. */
export function formatStamp(stamp: Stamp): string {
  return `${stamp.epoch}.${stamp.version.toString(16)}.${stamp.time}`;
}

const STAMP = /^(\d+)\.([0-9a-f]+)\.(\d+)$/;

/** Reads what `formatStamp` wrote; undefined for any other text. */
export function parseStamp(text: string): Stamp | undefined {
  const [, epoch, version, time] = STAMP.exec(text) ?? [];
  if (epoch === undefined || version === undefined || time === undefined) return undefined;
  return { epoch: Number(epoch), version: Number.parseInt(version, 16), time: Number(time) };
}

/** A stamp and the page that it was written for, as found in a page's last bytes. */
export interface Carried {
  readonly stamp: Stamp;
  /** The page key as carried: see `carriedKey`. */
  readonly key: string;
}

/** The extension of an object key, in small letters: it decides how a stamp is written. */
export function extensionOf(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1).toLowerCase();
}

type CarrierStyle = "markup" | "hash" | "block" | "space";

const STYLES: ReadonlyMap<string, CarrierStyle> = new Map<string, CarrierStyle>([
  ["html", "markup"],
  ["xml", "markup"],
  ["svg", "markup"],
  ["rss", "markup"],
  ["atom", "markup"],
  ["xhtml", "markup"],
  ["txt", "hash"],
  ["md", "hash"],
  ["csv", "space"],
  ["ics", "space"],
  ["json", "space"],
  ["webmanifest", "space"],
  ["geojson", "space"],
  ["css", "block"],
  ["js", "block"],
  ["mjs", "block"],
]);

function styleOf(extension: string): CarrierStyle {
  return STYLES.get(extension) ?? "space";
}

/** Most bytes that a carrier takes. */
export const CARRIER_BYTES_MAX = 4096;
const KEY_LENGTH_MAX = 240;

/**
 * A page key as it stands in a carrier: a long one is cut, with `~` and a hash of the whole behind it. `--` can't occur
 * in it, so that it can't end a comment.
 */
export function carriedKey(key: PageKey, hashHex: (text: string) => string): string {
  const short = key.length <= KEY_LENGTH_MAX ? key : `${key.slice(0, 160)}~${hashHex(key)}`;
  return short.replaceAll("--", "-%2D").replace(/-$/, "%2D");
}

const SPELLED = /^rekiln (\S+) (\S+)$/;

function spell(stamp: Stamp, key: string): string {
  return `rekiln ${formatStamp(stamp)} ${key}`;
}

/** The text of a carrier, one bit a character: a space is 0, a tab is 1. Trailing white space means nothing to JSON. */
function toSpace(text: string): string {
  let spelled = "";
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index) & 0x7f;
    for (let bit = 6; bit >= 0; bit--) spelled += (unit >> bit) & 1 ? "\t" : " ";
  }
  return spelled;
}

function fromSpace(text: string): string {
  let plain = "";
  for (let index = 0; index + 7 <= text.length; index += 7) {
    let unit = 0;
    for (let bit = 0; bit < 7; bit++) unit = unit * 2 + (text[index + bit] === "\t" ? 1 : 0);
    plain += String.fromCharCode(unit);
  }
  return plain;
}

/**
 * The last bytes of a page, by the extension of its object key: a comment where the format has one, white space where
 * it hasn't. It begins with a line feed and ends with one.
 */
export function carrier(extension: string, stamp: Stamp, key: string): string {
  const text = spell(stamp, key);
  switch (styleOf(extension)) {
    case "markup":
      return `\n<!--${text}-->\n`;
    case "hash":
      return `\n# ${text}\n`;
    case "block":
      return `\n/* ${text} */\n`;
    case "space":
      return `\n${toSpace(text)}\n`;
  }
}

/** Finds the carrier at the end of `tail`, the last bytes of a page as text. `length` counts its characters. */
export function findCarrier(extension: string, tail: string): (Carried & { readonly length: number }) | undefined {
  if (!tail.endsWith("\n")) return undefined;
  const start = tail.lastIndexOf("\n", tail.length - 2);
  if (start < 0) return undefined;
  const line = tail.slice(start + 1, -1);
  const text = unwrap(styleOf(extension), line);
  const match = text === undefined ? null : SPELLED.exec(text);
  if (match === null) return undefined;
  const [, spelled = "", key = ""] = match;
  const stamp = parseStamp(spelled);
  return stamp === undefined ? undefined : { stamp, key, length: tail.length - start };
}

function unwrap(style: CarrierStyle, line: string): string | undefined {
  switch (style) {
    case "markup":
      return line.startsWith("<!--") && line.endsWith("-->") ? line.slice(4, -3) : undefined;
    case "hash":
      return line.startsWith("# ") ? line.slice(2) : undefined;
    case "block":
      return line.startsWith("/* ") && line.endsWith(" */") ? line.slice(3, -3) : undefined;
    case "space":
      return /^[ \t]+$/.test(line) ? fromSpace(line) : undefined;
  }
}
