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
