import type { PageKey } from "../core/page.ts";
import type { SitePath } from "../core/path.ts";
import { carrier, extensionOf, findCarrier } from "../core/stamp.ts";
import type { Stamp } from "../core/stamp.ts";
import { escapeAttribute, escapeText } from "../render/escape.ts";
import { encodePath } from "../site/path.ts";

/** Larger than any redirect: the longest path, percent-encoded and escaped, three times. */
export const REDIRECT_BYTES_MAX = 16_384;

/** What a redirect's carrier has in front of the page's key. No page's own can begin so: a colon is encoded there. */
const MARK = "redirect:";
/** The end of a key that was cut: see `carriedKey`. */
const CUT = /^.{160}~[0-9a-f]{64}$/;

/** The key that a redirect carries for a page, whose carried key this is. */
export function redirectKey(carried: string): string {
  return MARK + carried;
}

/** The page of a redirect by what it carries; undefined when it is no redirect, or the key was too long for its carrier. */
export function pageOfRedirect(carried: string): PageKey | undefined {
  if (!carried.startsWith(MARK)) return undefined;
  const key = carried.slice(MARK.length).replaceAll("%2D", "-");
  // Only `redirectKey` makes such keys, of page keys.
  return CUT.test(key) ? undefined : (key as PageKey);
}

export function isRedirectKey(carried: string): boolean {
  return carried.startsWith(MARK);
}

/** What servers show for every path that they don't know. */
const ERROR_DOCUMENT = "404.html";

/** Whether a file can stand at an object key that browsers take for a redirect. */
export function canRedirect(key: string): boolean {
  return extensionOf(key) === "html" && key !== ERROR_DOCUMENT;
}

function bodyOf(url: string, address: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Moved</title>
<meta name="robots" content="noindex">
<link rel="canonical" href="${escapeAttribute(url)}">
<meta http-equiv="refresh" content="0; url=${escapeAttribute(address)}">
</head>
<body>
<p>This page has moved to <a href="${escapeAttribute(address)}">${escapeText(address)}</a>.</p>
</body>
</html>`;
}

/** A redirect to `to`, without its stamp. */
export function redirectBody(site: { readonly url: string; readonly base: string }, to: SitePath): string {
  return bodyOf(site.url + encodePath("", to), encodePath(site.base, to));
}

/** The last bytes of a redirect: `carried` is the carried key of the page that it leads to. */
export function redirectCarrier(stamp: Stamp, carried: string): string {
  return carrier("html", stamp, redirectKey(carried));
}

const ADDRESSES = /\n<link rel="canonical" href="([^"\n]+)">\n<meta http-equiv="refresh" content="0; url=([^"\n]+)">\n/;
/** A path of the same host, in characters that a header may have. */
const ADDRESS = /^\/(?!\/)[\x21-\x7e]*$/;

function unescape(text: string): string {
  return text
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/**
 * Where a redirect leads: a path with the site's base, percent-encoded. Undefined for everything that isn't one to the
 * last byte: whatever the data of a page makes its template say, its own stamp comes behind it.
 */
export function redirectAddress(text: string): string | undefined {
  const carried = findCarrier("html", text);
  if (carried === undefined || !isRedirectKey(carried.key)) return undefined;
  const body = text.slice(0, -carried.length);
  const [, url = "", escaped = ""] = ADDRESSES.exec(body) ?? [];
  const address = unescape(escaped);
  return ADDRESS.test(address) && body === bodyOf(unescape(url), address) ? address : undefined;
}
