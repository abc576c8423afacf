import type { RefHash } from "../core/ref.ts";
import { formatDependency } from "./edge-text.ts";
import type { Edge } from "./manifest.ts";

/** One dependency of a page as stored. */
export interface PageRef {
  readonly ref: RefHash;
  readonly what: string;
}

/** The dependencies of a page as they stand in its row: hashes of 8 bytes each, and a line of text for each. */
export interface PackedRefs {
  readonly refs: Uint8Array;
  readonly uses: string;
  /** How many of the first are claims: the page's path, and the folders above it. */
  readonly claims: number;
}

/** Whether a stored dependency is a path that a page claims, or a folder above it. */
export const isClaim = (what: string): boolean => what === "c" || what === "f";

/** Edges as stored. */
export function pageRefsOf(edges: readonly Edge[]): PageRef[] {
  const pageRefs: PageRef[] = [];
  for (const { ref, dependency } of edges) pageRefs.push({ ref, what: formatDependency(dependency) });
  return inOrder(pageRefs);
}

/** Claims first, each edge once. */
export function inOrder(pageRefs: readonly PageRef[]): PageRef[] {
  const claims: PageRef[] = [];
  const others: PageRef[] = [];
  const seen = new Map<RefHash, string | Set<string>>();
  for (const pageRef of pageRefs) {
    const { ref, what } = pageRef;
    const known = seen.get(ref);
    if (known === undefined) seen.set(ref, what);
    else if (known === what || (typeof known === "object" && known.has(what))) continue;
    else if (typeof known === "object") known.add(what);
    else seen.set(ref, new Set([known, what]));
    (isClaim(what) ? claims : others).push(pageRef);
  }
  return claims.concat(others);
}

export function packRefs(pageRefs: readonly PageRef[]): PackedRefs {
  const refs = new Float64Array(pageRefs.length);
  let uses = "";
  let claims = 0;
  for (let index = 0; index < pageRefs.length; index++) {
    const { ref, what } = pageRefs[index] as PageRef;
    refs[index] = ref;
    // A line feed can't occur in it: it is JSON, or one letter.
    uses += index === 0 ? what : `\n${what}`;
    if (isClaim(what)) claims++;
  }
  return { refs: new Uint8Array(refs.buffer), uses, claims };
}

/** The hashes of a row's `refs`. */
export function unpackHashes(bytes: unknown): Float64Array {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("a manifest row without refs");
  return bytes.byteOffset % 8 === 0
    ? new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
    : new Float64Array(bytes.slice().buffer);
}

export function unpackRefs(bytes: unknown, uses: unknown): PageRef[] {
  const hashes = unpackHashes(bytes);
  if (hashes.length === 0) return [];
  const lines = String(uses).split("\n");
  return Array.from(hashes, (hash, index) => ({ ref: hash as RefHash, what: lines[index] ?? "" }));
}

/** What a page did with one ref. */
export function* usesOf(ref: RefHash, bytes: unknown, uses: unknown): Iterable<string> {
  const hashes = unpackHashes(bytes);
  let lines: readonly string[] | undefined;
  for (let index = hashes.indexOf(ref); index >= 0; index = hashes.indexOf(ref, index + 1)) {
    lines ??= String(uses).split("\n");
    yield lines[index] ?? "";
  }
}
