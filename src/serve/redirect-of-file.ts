import { findCarrier } from "../core/stamp.ts";
import { canRedirect, isRedirectKey, redirectAddress, REDIRECT_BYTES_MAX } from "../press/redirect-page.ts";
import type { SiteFile } from "./open-site-file.ts";

/** More than a carrier with the longest page key. */
const TAIL_BYTES = 1024;

/**
 * Where a file leads that is a redirect of a page which has moved: a path of this site with its base. Undefined for every
 * other file; only of a small one more than the end is read.
 */
export async function redirectOfFile(
  key: string,
  { handle, stats }: SiteFile & { readonly kind: "file" },
): Promise<string | undefined> {
  const size = Number(stats.size);
  if (size > REDIRECT_BYTES_MAX || !canRedirect(key)) return undefined;
  const read = async (start: number): Promise<string> => {
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    return bytes.toString("utf8", 0, bytesRead);
  };
  const carried = findCarrier("html", await read(Math.max(0, size - TAIL_BYTES)));
  return carried !== undefined && isRedirectKey(carried.key) ? redirectAddress(await read(0)) : undefined;
}
