import { readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Removes the folders below `root` that hold nothing, but for `kept` directly below it: whoever made them was killed before the first file was in them.
 * A writer that just made one makes it again.
 */
export function removeEmptyFolders(root: string, kept: string): void {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== kept) removeIfEmpty(join(root, entry.name));
  }
}

function removeIfEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeIfEmpty(join(folder, entry.name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // It holds something.
  }
}
