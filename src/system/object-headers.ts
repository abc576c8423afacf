import { contentTypeOf } from "../core/content-type.ts";
import { digestOf } from "../core/digest.ts";
import type { ObjectKey } from "../core/path.ts";
import { extensionOf, findCarrier } from "../core/stamp.ts";
import { isHashedKey } from "../press/assets.ts";
import { isRedirectKey, redirectAddress } from "../press/redirect-page.ts";
import type { ObjectHeaders } from "../store/object-store.ts";

/** Of what never changes. */
const FOR_GOOD = "public, max-age=31536000, immutable";

/** What stands in the headers of an object that isn't a page: its type, how long it may be kept if its name has a hash, what its last bytes carry, and where it leads if it is a redirect. */
export function objectHeaders(key: ObjectKey, content: Uint8Array): ObjectHeaders {
  const text = Buffer.from(content).toString("latin1");
  const carried = findCarrier(extensionOf(key), text);
  const digest = digestOf(content.subarray(0, content.length - (carried?.length ?? 0)));
  const contentType = contentTypeOf(key);
  if (carried === undefined) return { contentType, digest, cacheControl: isHashedKey(key) ? FOR_GOOD : undefined };
  const headers = { contentType, digest, carried: { stamp: carried.stamp, key: carried.key } };
  const redirect = isRedirectKey(carried.key) ? redirectAddress(Buffer.from(content).toString()) : undefined;
  return redirect === undefined ? headers : { ...headers, redirect };
}
