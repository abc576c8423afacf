import type { Manifest } from "../manifest/manifest.ts";
import { writers } from "../press/strays.ts";
import { isProcessAlive } from "../store/process-alive.ts";

/** As what this process notes that it writes pages. */
export const OWN_WRITER = `${process.pid}`;

/** Processes that began to write pages, and died before they said that they had ended. */
export function deadWriters(manifest: Manifest): readonly string[] {
  return otherWriters(manifest).filter((one) => !isProcessAlive(Number(one)));
}

/** Whether no other process writes pages. */
export function isOnlyWriter(manifest: Manifest): boolean {
  return otherWriters(manifest).every((one) => !isProcessAlive(Number(one)));
}

function otherWriters(manifest: Manifest): readonly string[] {
  return writers(manifest).filter((one) => one !== OWN_WRITER);
}
