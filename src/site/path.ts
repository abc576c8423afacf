import type { ObjectKey, SitePath } from "../core/path.ts";
import { foldCase } from "./fold-case.ts";

const MAX_SEGMENT_BYTES = 200;
const MAX_KEY_BYTES = 900;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001F\u007F-\u009F]/;
/** `1.2` is a version, not a file: an extension has a letter. */
const FILE_NAME = /.\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,16}$/u;

/** What almost every path is: nothing in it needs a closer look, and links write it as it stands. */
const PLAIN = /^\/(?:[A-Za-z0-9_~+-][A-Za-z0-9._~+-]*\/)*$/;
const PLAIN_LENGTH_MAX = 200;

function isPlain(text: string): boolean {
  return text.length <= PLAIN_LENGTH_MAX && PLAIN.test(text) && !/index\.html/i.test(text);
}

export type ParsedPath =
  | { readonly ok: true; readonly path: SitePath; readonly key: ObjectKey; readonly collisionKey: string }
  | { readonly ok: false; readonly problem: string };

/** The names of a path, from the top: `["films", "alien"]`; none for `/`. */
function segmentsOf(path: string): string[] {
  const inner = path.endsWith("/") ? path.slice(1, -1) : path.slice(1);
  return inner === "" ? [] : inner.split("/");
}

function collisionKeyOf(segments: readonly string[]): string {
  return `/${segments.map(foldCase).join("/")}`;
}

function textProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return "holds half of a surrogate pair, which is no character";
  const control = CONTROL.exec(text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `holds the control character U+${code}`;
  }
  if (text.includes("\\")) return "holds a backslash; folders are separated by /";
  if (text !== text.normalize("NFC")) return 'is not in Unicode normal form NFC; use text.normalize("NFC")';
  if (!text.startsWith("/")) return "doesn't start with /";
  return undefined;
}

function segmentProblem(segment: string): string | undefined {
  if (segment === "") return "has an empty segment (two slashes in a row)";
  if (segment === "." || segment === "..") return `has a segment ${segment}`;
  if (segment.startsWith(".") && segment !== ".well-known") {
    return `has a segment that starts with a dot: ${segment}; only .well-known may`;
  }
  const bytes = Buffer.byteLength(segment);
  if (bytes <= MAX_SEGMENT_BYTES) return undefined;
  return `has a segment of ${bytes} bytes, and ${MAX_SEGMENT_BYTES} is the most; slug() cuts long text`;
}

function problemOf(text: string, segments: readonly string[]): string | undefined {
  if (text.includes("//")) return segmentProblem("");
  for (const segment of segments) {
    const problem = segmentProblem(segment);
    if (problem !== undefined) return problem;
  }
  // In any case: where names differ by more than case only, `Index.html` would be another page's file.
  const index = segments.findIndex((segment) => foldCase(segment) === "index.html");
  if (index >= 0) {
    return index === segments.length - 1 && !text.endsWith("/")
      ? `ends in ${segments[index]}; write the folder instead: ${text.slice(0, text.lastIndexOf("/") + 1)}`
      : `has a folder named ${segments[index]}`;
  }
  const last = segments.at(-1);
  if (last === undefined || text.endsWith("/") || FILE_NAME.test(last)) return undefined;
  return "ends neither in / nor in a file name with an extension";
}

/**
 * Parses a path by the grammar, and never alters it. A path starts with `/`, is decoded NFC text (`%`, `?` and `#` are
 * characters like others: links percent-encode them) and ends in `/`, stored as `index.html` below it, or in a file
 * name with an extension, stored as it is. `problem` completes a sentence that starts with the path.
 *
 * `collisionKey` is the path without its trailing slash after NFC and full case folding (`/` for the root): two pages
 * with one collision key can't both stand in a store, nor can one whose `ancestorKeys` hold the other's.
 */
export function parsePath(text: string): ParsedPath {
  if (isPlain(text)) {
    const collisionKey = text === "/" ? text : text.slice(0, -1).toLowerCase();
    // With the end of this function the one place that makes site paths and object keys.
    return { ok: true, path: text as SitePath, key: `${text.slice(1)}index.html` as ObjectKey, collisionKey };
  }
  const wrongText = textProblem(text);
  if (wrongText !== undefined) return { ok: false, problem: wrongText };
  const segments = segmentsOf(text);
  const problem = problemOf(text, segments);
  if (problem !== undefined) return { ok: false, problem };
  const key = text.endsWith("/") ? `${text.slice(1)}index.html` : text.slice(1);
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) {
    return { ok: false, problem: `is stored under a key of ${bytes} bytes, and ${MAX_KEY_BYTES} is the most` };
  }
  // With `isPlain` above the one place that makes site paths and object keys.
  return { ok: true, path: text as SitePath, key: key as ObjectKey, collisionKey: collisionKeyOf(segments) };
}

/**
 * The collision keys of the folders above a path whose names could be a file's: `/x.y/z/` gives `/x.y`. A page with
 * one of these collision keys that is a file can't stand beside this one.
 */
export function ancestorKeys(path: SitePath): readonly string[] {
  if (!path.includes(".")) return [];
  const folders = segmentsOf(path).slice(0, -1).map(foldCase);
  return folders.flatMap((folder, index) =>
    FILE_NAME.test(folder) ? [`/${folders.slice(0, index + 1).join("/")}`] : [],
  );
}

/**
 * The path of page `n` of a list: the path itself for page 1, `n/` below it for the others. Undefined where there is
 * none: `n` is no whole number from 1, the path is a file's, or the key would be too long.
 */
export function pagedPath(path: SitePath, n: number): SitePath | undefined {
  if (!Number.isSafeInteger(n) || n < 1) return undefined;
  if (n === 1) return path;
  if (!path.endsWith("/")) return undefined;
  const parsed = parsePath(`${path}${n}/`);
  return parsed.ok ? parsed.path : undefined;
}

/** The path for links, with the site's base (`""` or `/films`, already encoded) in front: percent-encoded UTF-8. */
export function encodePath(base: string, path: SitePath): string {
  if (PLAIN.test(path)) return base + path;
  const encode = (segment: string): string =>
    encodeURIComponent(segment).replaceAll(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, (code) => decodeURIComponent(code));
  return base + path.split("/").map(encode).join("/");
}

const WINDOWS_DEVICE = /^(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])(?:\.|$)/iu;

/**
 * Why Windows can't hold the file of this path, or undefined when it can: reserved device names, `<>:"|?*`, a name
 * that ends in a dot or a space. A warning, never a refusal. Source: Microsoft, "Naming Files, Paths, and Namespaces".
 */
export function windowsProblem(path: string): string | undefined {
  for (const segment of segmentsOf(path)) {
    const reserved = /[<>:"|?*]/.exec(segment);
    if (reserved !== null) return `${segment} holds ${reserved[0]}, which Windows can't have in a name`;
    if (WINDOWS_DEVICE.test(segment)) return `${segment} is a device name on Windows`;
    if (/[. ]$/.test(segment)) return `${segment} ends in a dot or a space, which Windows drops`;
  }
  return undefined;
}

/** The path at which an object answers. */
export function pathOfKey(key: ObjectKey): string {
  return `/${key.replace(/(^|\/)index\.html$/, "$1")}`;
}
