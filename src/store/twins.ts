import { readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { isCompressed, twinKey } from "../core/encoding.ts";
import type { Encoding } from "../core/encoding.ts";

/** What fits into a packet or two anyway. */
const BYTES_MIN = 1024;
/** More than a page; larger static files stay as they are. */
const BYTES_MAX = 16 << 20;
const GZIP_LEVEL = 6;
const BROTLI_QUALITY = 5;

function compress(content: Uint8Array, encoding: Encoding): Buffer {
  if (encoding === "gzip") return gzipSync(content, { level: GZIP_LEVEL });
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  return brotliCompressSync(content, {
    params: { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: content.length },
  });
}

/**
 * Precompressed twins beside the files of a directory. A twin is never older than its file, for whoever looks: the old ones are removed before
 * the file is replaced, and the new ones come under their names after it, whole. Killed in between, a file has none.
 */
export class Twins {
  readonly #encodings: readonly Encoding[];

  constructor(encodings: readonly Encoding[]) {
    this.#encodings = encodings;
  }

  /** Writes the twins of a temporary file beside it. @param key of the file that it will be */
  stage(temporary: string, key: string, content: Uint8Array): void {
    if (!isCompressed(key) || content.length < BYTES_MIN || content.length > BYTES_MAX) return;
    for (const encoding of this.#encodings) {
      const bytes = compress(content, encoding);
      if (bytes.length < content.length) writeFileSync(twinKey(temporary, encoding), bytes, { mode: 0o644 });
    }
  }

  /** The same for a temporary file that was written in pieces. */
  stageFile(temporary: string, key: string): void {
    if (isCompressed(key) && statSync(temporary).size <= BYTES_MAX) this.stage(temporary, key, readFileSync(temporary));
  }

  /** Puts the staged twins beside the file that has just come into its place. */
  place(temporary: string, path: string): void {
    for (const encoding of this.#encodings) {
      try {
        renameSync(twinKey(temporary, encoding), twinKey(path, encoding));
      } catch (error) {
        // It got none, or something of another kind is in the way: then it is served as it is.
        if (!isHarmless(error)) throw error;
      }
    }
  }

  discard(temporary: string): void {
    for (const encoding of this.#encodings) rmSync(twinKey(temporary, encoding), { force: true });
  }

  /** Removes the twins of a file, before it is replaced or removed. */
  remove(path: string): void {
    for (const encoding of this.#encodings) {
      try {
        unlinkSync(twinKey(path, encoding));
      } catch (error) {
        if (!isHarmless(error)) throw error;
      }
    }
  }

  /** Whether a file that should have twins lacks one. One that doesn't get smaller lacks it for good. */
  isMissing(path: string, key: string): boolean {
    if (!isCompressed(key)) return false;
    const file = statSync(path, { throwIfNoEntry: false });
    if (file === undefined || file.size < BYTES_MIN || file.size > BYTES_MAX) return false;
    return this.#encodings.some((encoding) => {
      const twin = statSync(twinKey(path, encoding), { throwIfNoEntry: false });
      return twin === undefined || twin.mtimeMs < file.mtimeMs;
    });
  }
}

function isHarmless(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["ENOENT", "ENOTDIR", "EISDIR", "EPERM"].includes(code);
}
