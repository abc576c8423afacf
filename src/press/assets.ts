import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";

/** A file of `static/`. */
export interface Asset {
  /** Below `static/`, with `/` between folders. */
  readonly file: string;
  /** Under its own name. */
  readonly key: ObjectKey;
  /** With its content's hash in the name: `site.0f343b0931126a20.css`. */
  readonly hashedKey: ObjectKey;
  readonly digest: string;
}

/** The files of `static/`, by name. */
export type Assets = ReadonlyMap<string, Asset>;

const HASH_LENGTH = 16;
const HASHED_NAME = /[^/]\.[0-9a-f]{16}\.[^./]+$/;

/** A key with the content's hash before the extension; a name without one ends with the hash. */
export function hashedKeyOf(key: string, digest: string): ObjectKey {
  const dot = key.lastIndexOf(".");
  const isNamed = dot > key.lastIndexOf("/") + 1;
  const hash = digest.slice(0, HASH_LENGTH);
  // A name that the path grammar allows is allowed with a hash in it too.
  return (isNamed ? `${key.slice(0, dot)}.${hash}${key.slice(dot)}` : `${key}.${hash}`) as ObjectKey;
}

/** Whether a key is named as `hashedKeyOf` names those with an extension: what is stored there never changes. */
export function isHashedKey(key: string): boolean {
  return HASHED_NAME.test(key);
}

export function findAsset(assets: Assets, file: string): Asset {
  const asset = assets.get(file.replace(/^\//, ""));
  if (asset !== undefined) return asset;
  const known = [...assets.keys()].slice(0, 8).join(", ");
  throw new RekilnError({
    code: "asset-missing",
    message: `There is no static/${file}.`,
    disposition: "discard",
    hint: known === "" ? "Put the file into static/." : `Put the file into static/, or use one of: ${known}.`,
  });
}
