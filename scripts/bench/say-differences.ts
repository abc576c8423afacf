import type { SiteComparison } from "./compare-sites.ts";

const NAMES_SAID_MAX = 10;

/** Names the pages that only one of two sites has, and those that aren't the same. */
export function sayDifferences(other: string, same: SiteComparison, say: (line: string) => void): void {
  for (const [what, names] of [
    ["pages of rekiln's site only", same.onlyFirst],
    [`pages of ${other}'s site only`, same.onlySecond],
    ["pages whose text or links differ", same.differing],
  ] as const) {
    if (names.length === 0) continue;
    say(`${what}: ${names.slice(0, NAMES_SAID_MAX).join(", ")}${names.length > NAMES_SAID_MAX ? ", …" : ""}`);
  }
}
