import { hash } from "node:crypto";

/** SHA-256, in hexadecimal, of a page without its stamp. */
export type Digest = string & { readonly __digest: never };

export function digestOf(content: string | Uint8Array): Digest {
  // The one place that makes digests.
  return hash("sha256", content, "hex") as Digest;
}
