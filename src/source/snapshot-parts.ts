import { hash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import { RekilnError } from "../core/errors.ts";
import type { SnapshotBucket } from "./snapshot-bucket.ts";
import { brokenSnapshot } from "./snapshot-format.ts";
import type { SnapshotPart } from "./snapshot-format.ts";

const unpack = promisify(gunzip);
/** Text of a part before it is packed: one more record may go beyond it. */
export const PART_BYTES = 8 << 20;
const UNPACKED_BYTES_MAX = 64 << 20;
/** Parts that are fetched while one is read. */
const FETCHED_AHEAD = 2;

/**
 * The text of parts, one after the other, each compared with its hash; the next ones are fetched meanwhile.
 *
 * @throws RekilnError `snapshot-gone` when a part isn't there, `snapshot-broken`; the store's own
 */
export async function* readParts(
  bucket: SnapshotBucket,
  parts: readonly SnapshotPart[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly part: SnapshotPart; readonly text: Buffer }> {
  const fetching: { readonly part: SnapshotPart; readonly text: Promise<Buffer> }[] = [];
  for (let next = 0; next < parts.length || fetching.length > 0;) {
    while (next < parts.length && fetching.length <= FETCHED_AHEAD) {
      const part = parts[next++];
      if (part === undefined) break;
      const text = readPart(bucket, part, signal);
      // Whoever comes to it is told.
      text.catch(() => undefined);
      fetching.push({ part, text });
    }
    const first = fetching.shift();
    if (first !== undefined) yield { part: first.part, text: await first.text };
  }
}

async function readPart(bucket: SnapshotBucket, part: SnapshotPart, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  const place = `${bucket.name}${part.key}`;
  const packed = await bucket.part(part.key, signal);
  if (packed === undefined) {
    throw new RekilnError({
      code: "snapshot-gone",
      message: `${place} isn't there.`,
      disposition: "retry",
      hint: "Nothing was changed. A newer snapshot may have taken its place: try it again. If it stays, run rekiln snapshot --anew where the source is.",
    });
  }
  if (packed.length !== part.bytes || hash("sha256", packed, "hex") !== part.sha256) {
    throw brokenSnapshot(place, "its bytes aren't those that were written");
  }
  try {
    return await unpack(packed, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch (error) {
    throw brokenSnapshot(place, "it can't be unpacked", error);
  }
}
