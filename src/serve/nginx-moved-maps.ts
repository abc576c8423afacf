import type { MovedPages } from "./server-config-input.ts";

/** What nginx takes for a place of its hash tables if nothing else is said: the line of a processor's cache. */
const BUCKET_BYTES = 64;
/** What nginx has for the places of a hash table if nothing else is said. */
const BUCKETS = 2048;
const POINTER_BYTES = 8;

/** A text as a word of nginx's language. None of a site's paths holds a control character. */
const word = (text: string): string => `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;

const powerFrom = (least: number, start: number): number => {
  let power = start;
  while (power < least) power *= 2;
  return power;
};

/** Room for the longest key and for all of them, to be said before the first map: nginx refuses a key that is too long for its table's places. */
function tableSizes(keys: readonly string[]): readonly string[] {
  const longest = keys.reduce((most, key) => Math.max(most, Buffer.byteLength(key)), 0);
  const buckets = powerFrom(keys.length * 2, BUCKETS);
  // Of many keys some share a place.
  const sharing = buckets > BUCKETS ? 4 : 1;
  const bucket = powerFrom(sharing * (longest + 2 + 2 * POINTER_BYTES) + POINTER_BYTES, BUCKET_BYTES);
  const lines = [
    ...(bucket > BUCKET_BYTES ? [`map_hash_bucket_size ${bucket};`] : []),
    ...(buckets > BUCKETS ? [`map_hash_max_size ${buckets};`] : []),
  ];
  return lines.length === 0
    ? []
    : ["# nginx takes each of these once, before all maps: of several sites the largest, in nginx.conf.", ...lines];
}

/**
 * The variables that say where a page has moved to, and whether one is gone; none where there are no such pages. The lines come before all other
 * maps of a configuration.
 */
export function nginxMovedMaps(
  { moved, gone }: MovedPages,
  variables: { readonly moved: string; readonly gone: string },
): readonly string[] {
  const maps = [
    // A dollar would begin a variable.
    { name: variables.moved, entries: [...moved].map(([from, to]) => [from, to.replaceAll("$", "%24")] as const) },
    { name: variables.gone, entries: gone.map((target) => [target, "1"] as const) },
  ].filter(({ entries }) => entries.length > 0);
  return [
    ...tableSizes(maps.flatMap(({ entries }) => entries.map(([from]) => from))),
    ...maps.flatMap(({ name, entries }) => [
      `map $uri ${name} {`,
      ...entries.map(([from, to]) => `  ${word(from)} ${word(to)};`),
      "}",
    ]),
  ];
}
