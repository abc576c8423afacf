import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";

import { isHiddenName } from "./decode-path.ts";

export type SiteFile =
  /** An open regular file; whoever gets it closes `handle`. `stats` are the handle's own. */
  | { readonly kind: "file"; readonly handle: FileHandle; readonly stats: BigIntStats }
  | { readonly kind: "folder" }
  | { readonly kind: "absent" };

const absentCodes = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "ENXIO"]);
// Without O_NONBLOCK, opening a named pipe waits for its writer.
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens what stands at `segments` (from `decodePath`) below `root`. Symlinks count as what they lead to, which must lie
 * inside the real root and have no hidden name there; otherwise, and for whatever is neither file nor folder, it is
 * `absent`. Throws the system's error when a file is there but can't be opened.
 */
export async function openSiteFile(root: string, segments: readonly string[]): Promise<SiteFile> {
  try {
    const realRoot = await realpath(root);
    const realFile = await realpath(join(realRoot, ...segments));
    if (!isServedBelow(realRoot, realFile)) return { kind: "absent" };
    return await openRegular(realFile);
  } catch (thrown) {
    if (isAbsence(thrown)) return { kind: "absent" };
    throw thrown;
  }
}

function isServedBelow(realRoot: string, realFile: string): boolean {
  const inside = relative(realRoot, realFile);
  // `..` is a hidden name too, so a file outside the root fails here.
  return !isAbsolute(inside) && !inside.split(sep).some(isHiddenName);
}

async function openRegular(realFile: string): Promise<SiteFile> {
  const handle = await open(realFile, openFlags);
  let isHandedOut = false;
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isDirectory()) return { kind: "folder" };
    if (!stats.isFile()) return { kind: "absent" };
    isHandedOut = true;
    return { kind: "file", handle, stats };
  } finally {
    if (!isHandedOut) await handle.close();
  }
}

function isAbsence(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && absentCodes.has(thrown.code);
}
