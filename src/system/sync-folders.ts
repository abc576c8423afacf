import { execFile } from "node:child_process";
import { closeSync, fsyncSync, openSync } from "node:fs";
import { promisify } from "node:util";

import { messageOf, RekilnError } from "../core/errors.ts";

const run = promisify(execFile);

/**
 * Resolves when all that was written to the file systems of some folders, by anybody, outlives a power failure. One call for any number of
 * files: on Linux it is syncfs(2), by way of `sync -f`; elsewhere `sync`, and a flush of the disk's own cache.
 *
 * @throws RekilnError `sync-failed`
 */
export async function syncFolders(folders: readonly string[]): Promise<void> {
  try {
    if (process.platform === "linux" && (await syncFileSystems(folders))) return;
    await run("sync");
    for (const folder of folders) flush(folder);
  } catch (error) {
    throw new RekilnError({
      code: "sync-failed",
      message: `What was written to ${folders.join(" and ")} can't be synced to the disk: ${messageOf(error)}.`,
      disposition: "retry",
      hint: "See what the system's log says of the disk. The command sync has to be on the PATH.",
      cause: error,
    });
  }
}

/** @returns false when this `sync` knows no file systems: it is another one than that of GNU or BusyBox */
async function syncFileSystems(folders: readonly string[]): Promise<boolean> {
  try {
    await run("sync", ["-f", ...folders]);
    return true;
  } catch (error) {
    if (/(?:invalid|unrecognized|illegal) option/i.test(messageOf(error))) return false;
    throw error;
  }
}

/** macOS flushes the disk's cache with a file, and only then. */
function flush(folder: string): void {
  const opened = openSync(folder, "r");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
