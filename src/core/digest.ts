import { createHash, hash } from "node:crypto";

/** SHA-256, in hexadecimal, of a page without its stamp. */
export type Digest = string & { readonly __digest: never };

// The one place that makes digests.

export function digestOf(content: string | Uint8Array): Digest {
  return hash("sha256", content, "hex") as Digest;
}

/** The digest of content that comes in pieces, which `digested` passes on as it sees them. */
export class RunningDigest {
  readonly #hash = createHash("sha256");

  *digested(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
    for (const piece of pieces) {
      this.#hash.update(piece);
      yield piece;
    }
  }

  /** Of all that was passed on. Once. */
  end(): Digest {
    return this.#hash.digest("hex") as Digest;
  }
}

export function digestOfPieces(pieces: Iterable<Uint8Array>): Digest {
  const digest = createHash("sha256");
  for (const piece of pieces) digest.update(piece);
  return digest.digest("hex") as Digest;
}
