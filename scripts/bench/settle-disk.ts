import { spawnSync } from "node:child_process";

/** Writes out what earlier work left in memory (`sync`), so that it doesn't burden what is measured next. */
export function settleDisk(): void {
  spawnSync("sync");
}
