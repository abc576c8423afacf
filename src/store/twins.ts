import { readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";

import { isCompressed, twinKey } from "../core/encoding.ts";
import type { Encoding } from "../core/encoding.ts";
import { BYTES_MAX, BYTES_MIN, compress } from "./compress.ts";

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
    for (const encoding of this.#encodings) {
      const bytes = compress(key, content, encoding);
      if (bytes !== undefined) writeFileSync(twinKey(temporary, encoding), bytes, { mode: 0o644 });
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
