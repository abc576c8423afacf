import { readFileSync } from "node:fs";
import { uptime } from "node:os";

const MINUTE_SECONDS = 60;

/** Tells this run of the machine from those before: another one after each start. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // When it was started. Where that seems to change with the clock, files are read once more: no harm is done.
    return `started-${Math.round((Date.now() / 1000 - uptime()) / MINUTE_SECONDS)}`;
  }
}
