import { digestOf } from "../core/digest.ts";
import type { ObjectKey } from "../core/path.ts";
import { extensionOf, findCarrier } from "../core/stamp.ts";
import { decompress } from "./compress.ts";
import type { ObjectStore } from "./object-store.ts";
import type { StoredObject } from "./store.ts";
import { troubleError } from "./trouble-error.ts";

/**
 * What is stored under a key by its bytes, whatever its headers say; undefined when nothing is.
 *
 * @throws RekilnError when the store can't be asked
 */
export async function readObjectBytes(
  objects: Pick<ObjectStore, "get" | "name">,
  key: ObjectKey,
  signal?: AbortSignal,
): Promise<StoredObject | undefined> {
  const got = await objects.get(key, signal);
  if (got.kind === "absent") return undefined;
  if (got.kind !== "found") throw troubleError(got, objects.name);
  const content = decompress(got.content, got.head.contentEncoding);
  const found = findCarrier(extensionOf(key), Buffer.from(content).toString("latin1"));
  return {
    etag: got.head.etag,
    bytes: content.length,
    digest: digestOf(content.subarray(0, content.length - (found?.length ?? 0))),
    carried: found === undefined ? undefined : { stamp: found.stamp, key: found.key },
  };
}
