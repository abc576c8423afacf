import type { Encoding } from "../core/encoding.ts";

/** The encodings of `offered` that a client takes (RFC 9110, 12.5.3), those that it likes best first, then in the order of `offered`. */
export function acceptedEncodings(
  header: string | string[] | undefined,
  offered: readonly Encoding[],
): readonly Encoding[] {
  const wanted = new Map<string, number>();
  for (const item of String(header ?? "")
    .slice(0, 1000)
    .split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((part) => part.startsWith("q="))?.slice(2);
    if (name !== "") wanted.set(name === "x-gzip" ? "gzip" : name, weight === undefined ? 1 : Number(weight));
  }
  const weightOf = (encoding: Encoding): number => wanted.get(encoding) ?? wanted.get("*") ?? 0;
  const identity = wanted.get("identity") ?? 0;
  return offered
    .filter((encoding) => weightOf(encoding) > 0 && weightOf(encoding) >= identity)
    .toSorted((left, right) => weightOf(right) - weightOf(left));
}
