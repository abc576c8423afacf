import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from "node:zlib";

import { isCompressed } from "../core/encoding.ts";
import type { Encoding } from "../core/encoding.ts";

/** What fits into a packet or two anyway. */
export const BYTES_MIN = 1024;
/** More than a page; larger static files stay as they are. */
export const BYTES_MAX = 16 << 20;
const GZIP_LEVEL = 6;
/** Above it the time grows much faster than the gain. */
const BROTLI_QUALITY = 5;

/** The content of a file of this name in an encoding; undefined where that isn't worth while. */
export function compress(key: string, content: Uint8Array, encoding: Encoding): Buffer | undefined {
  if (!isCompressed(key) || content.length < BYTES_MIN || content.length > BYTES_MAX) return undefined;
  const bytes = encoding === "gzip" ? gzipSync(content, { level: GZIP_LEVEL }) : brotli(content);
  return bytes.length < content.length ? bytes : undefined;
}

function brotli(content: Uint8Array): Buffer {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  return brotliCompressSync(content, {
    params: { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: content.length },
  });
}

/**
 * What `compress` was given. `encoding` may be anybody's word: content that isn't in it, or is larger than all that `compress` takes, comes
 * back as it is.
 */
export function decompress(content: Uint8Array, encoding: string | undefined): Uint8Array {
  try {
    if (encoding === "gzip") return gunzipSync(content, { maxOutputLength: BYTES_MAX });
    if (encoding === "br") return brotliDecompressSync(content, { maxOutputLength: BYTES_MAX });
    return content;
  } catch {
    return content;
  }
}
