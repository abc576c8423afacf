import { isLoopbackAddress } from "./is-loopback-address.ts";

/** Headers of one connection, not of the message (RFC 9110, 7.6.1), beside those that `Connection` names. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const FORWARDED = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
]);

/** Names and values in turns, as Node gives them: repeated headers stay repeated. */
export type RawHeaders = readonly string[];

function* pairsOf(raw: RawHeaders): Iterable<readonly [name: string, value: string]> {
  for (let index = 0; index + 1 < raw.length; index += 2) yield [raw[index] ?? "", raw[index + 1] ?? ""];
}

/** The headers of a message that are passed on to the next hop. */
export function endToEndHeaders(raw: RawHeaders): string[] {
  const named = new Set(HOP_BY_HOP);
  for (const [name, value] of pairsOf(raw)) {
    if (name.toLowerCase() !== "connection") continue;
    for (const token of value.split(",")) named.add(token.trim().toLowerCase());
  }
  return [...pairsOf(raw)].filter(([name]) => !named.has(name.toLowerCase())).flat();
}

/**
 * The headers of a client's request as the application gets them: end to end, with `X-Forwarded-For`, `-Host` and `-Proto`. What another proxy
 * on this machine says of the client is kept and added to; anybody else's word isn't taken.
 */
export function headersForOrigin(raw: RawHeaders, client: string | undefined): string[] {
  const address = client?.replace(/^::ffff:(?=\d)/, "") ?? "unknown";
  const isProxyHere = address !== "unknown" && isLoopbackAddress(address);
  const given = new Map<string, string>();
  let host = "";
  for (const [name, value] of pairsOf(raw)) {
    const lower = name.toLowerCase();
    if (lower === "host") host = value;
    if (isProxyHere && FORWARDED.has(lower))
      given.set(lower, given.has(lower) ? `${given.get(lower)}, ${value}` : value);
  }
  const kept = [...pairsOf(endToEndHeaders(raw))].filter(([name]) => !FORWARDED.has(name.toLowerCase())).flat();
  const before = given.get("x-forwarded-for");
  kept.push("X-Forwarded-For", before === undefined ? address : `${before}, ${address}`);
  kept.push("X-Forwarded-Host", given.get("x-forwarded-host") ?? host);
  kept.push("X-Forwarded-Proto", given.get("x-forwarded-proto") ?? "http");
  return kept;
}

/** Whether a request carries a cookie of this name, with any value. */
export function hasCookie(header: string | undefined, name: string): boolean {
  return (header ?? "").split(";").some((cookie) => {
    const equals = cookie.indexOf("=");
    return equals >= 0 && cookie.slice(0, equals).trim() === name && cookie.slice(equals + 1).trim() !== "";
  });
}
