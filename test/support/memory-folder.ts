import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

/** A folder that is gone when the test ends; in memory where there is such a place, so that a sync costs nothing. */
export function memoryFolder(): string {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "rekiln-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
