import type { Clock } from "../core/clock.ts";
import type { Manifest } from "../manifest/manifest.ts";

const LEASE_MS = 60_000;

interface Lease {
  readonly holder: string;
  /** In milliseconds since 1970. */
  readonly until: number;
}

const metaOf = (task: string): string => `task:${task}`;

function leaseOf(manifest: Manifest, task: string): Lease | undefined {
  const stored = manifest.meta(metaOf(task));
  // Only this file writes it.
  return stored === undefined ? undefined : (JSON.parse(stored) as Lease);
}

/** Takes something that one process of a site does at a time, for a minute from now. @returns false while another one has it */
export function holdTask(manifest: Manifest, task: string, holder: string, clock: Clock): boolean {
  return manifest.transact(() => {
    const now = clock();
    const held = leaseOf(manifest, task);
    // A lease that is longer than any is from a clock that was wrong.
    const isHeld = held !== undefined && held.until > now && held.until <= now + LEASE_MS;
    if (isHeld && held.holder !== holder) return false;
    manifest.setMeta(metaOf(task), JSON.stringify({ holder, until: now + LEASE_MS } satisfies Lease));
    return true;
  });
}

export function releaseTask(manifest: Manifest, task: string, holder: string): void {
  manifest.transact(() => {
    if (leaseOf(manifest, task)?.holder === holder) manifest.setMeta(metaOf(task), undefined);
  });
}
