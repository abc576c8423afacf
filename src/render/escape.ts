/** What stands in place of an address whose scheme isn't allowed. It goes nowhere in every browser, and can be searched for. */
const BLOCKED_URL = "about:invalid#blocked";
const ALLOWED_SCHEMES: ReadonlySet<string> = new Set(["http", "https", "mailto", "tel"]);

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};
const entity = (character: string): string => ENTITIES[character] ?? "";

/** Writes `value` as text of an HTML element, of `title` or of `textarea`. */
export function escapeText(value: string): string {
  return /[&<>]/.test(value) ? value.replaceAll(/[&<>]/g, entity) : value;
}

/** Writes `value` into a quoted HTML attribute, whichever the quotes. */
export function escapeAttribute(value: string): string {
  return /[&<>"']/.test(value) ? value.replaceAll(/[&<>"']/g, entity) : value;
}

/** True for a scheme, without its colon, that a page may link to. */
export function isAllowedScheme(scheme: string): boolean {
  return ALLOWED_SCHEMES.has(scheme.toLowerCase());
}

/**
 * The address itself if it is relative or has an allowed scheme (http, https, mailto, tel), else `about:invalid#blocked`.
 * The scheme is found as in the URL Standard: leading C0 controls and spaces go, tabs and line breaks go everywhere. The result isn't escaped.
 */
export function checkUrl(value: string): string {
  // oxlint-disable-next-line no-control-regex -- the URL Standard removes exactly these
  const bare = value.replace(/^[\0-\x20]+/, "").replaceAll(/[\t\n\r]/g, "");
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(bare)?.[1];
  return scheme === undefined || isAllowedScheme(scheme) ? value : BLOCKED_URL;
}

/** A path of plain characters, as most links are: it has no scheme, and nothing to escape. */
const PLAIN_PATH = /^\/[\w./~+%-]*$/;

/** Writes an address into a quoted HTML attribute; see `checkUrl` for what is let through. */
export function escapeUrl(value: string): string {
  if (PLAIN_PATH.test(value)) return value;
  return escapeAttribute(checkUrl(value));
}

/** Writes the value of `srcset`, or a part of it, into a quoted attribute: one address that isn't allowed blocks it all. */
export function escapeSrcset(value: string): string {
  const isSafe = value.split(/[,\s]+/).every((word) => checkUrl(word) === word) && checkUrl(value) === value;
  return isSafe ? escapeAttribute(value) : BLOCKED_URL;
}

// What XML 1.0 can't hold, not even as a reference: most controls, U+FFFE, U+FFFF and lone surrogates.
// oxlint-disable-next-line no-control-regex -- these are the characters to drop
const XML_SPECIAL = /[&<>"'\r\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF\p{Cs}]/u;
const XML_SPECIAL_ALL = new RegExp(XML_SPECIAL.source, "gu");

/** Writes `value` as XML 1.0 text. Characters that XML forbids are dropped. */
export function escapeXml(value: string): string {
  return XML_SPECIAL.test(value) ? value.replaceAll(XML_SPECIAL_ALL, entity) : value;
}

/** Writes `value` into a quoted XML attribute. Tabs and line breaks become references: a parser would turn them into spaces. */
export function escapeXmlAttribute(value: string): string {
  return escapeXml(value).replaceAll(/[\t\n]/g, entity);
}
