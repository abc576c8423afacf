import { digestOf } from "../core/digest.ts";
import type { Digest } from "../core/digest.ts";

/** SHA-256, in hexadecimal, of what pages are made with beside data: equal fingerprints give equal pages of equal data. */
export type Fingerprint = string & { readonly __fingerprint: never };

/** A file that shapes pages, and the SHA-256 of the bytes that were used of it. */
export interface NamedDigest {
  /** With `/` between folders, the same on every machine. */
  readonly name: string;
  readonly digest: Digest;
}

/** What shapes the pages of all routes. */
export interface CodeInputs {
  readonly rekilnVersion: string;
  /** Undefined when there is no lock file. */
  readonly lockFile: Digest | undefined;
  /** The config and every local module that it imports, named relative to the config's folder. */
  readonly modules: readonly NamedDigest[];
  /** The values of the environment variables that the site names; undefined for one that isn't set. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** JSON of nested arrays, which can be read back in one way only. The first item names what is serialised, and how. */
function fingerprintOf(parts: readonly unknown[]): Fingerprint {
  // The one place that makes fingerprints.
  return digestOf(JSON.stringify(parts)) as string as Fingerprint;
}

function byName(pairs: readonly (readonly [string, string | null])[]): readonly (readonly [string, string | null])[] {
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function pairsOf(files: readonly NamedDigest[]): readonly (readonly [string, string | null])[] {
  return byName(files.map(({ name, digest }) => [name, digest] as const));
}

/** Of the code and its surroundings, for all routes. The order of modules and variables doesn't matter. */
export function codeFingerprint(inputs: CodeInputs): Fingerprint {
  const env = byName(Object.entries(inputs.env).map(([name, value]) => [name, value ?? null] as const));
  return fingerprintOf(["code 1", inputs.rekilnVersion, inputs.lockFile ?? null, pairsOf(inputs.modules), env]);
}

/** Of one route: the code's fingerprint with the route's own templates, partials and assets, in any order. */
export function routeFingerprint(code: Fingerprint, templates: readonly NamedDigest[]): Fingerprint {
  return fingerprintOf(["route 1", code, pairsOf(templates)]);
}
