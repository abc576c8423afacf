import { durationText } from "../core/duration.ts";
import { bad, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import type { SnapshotSource } from "../site/declare-snapshot.ts";
import { openSnapshots } from "./snapshot-place.ts";

const WHAT = "source";

/** Looks whether there is a snapshot to read, and whether it has every type that is declared. */
export async function inspectSnapshot(source: SnapshotSource, types: readonly string[]): Promise<readonly Finding[]> {
  await using bucket = await openSnapshots(source);
  const index = await bucket.current(new AbortController().signal);
  if (index === undefined) {
    const hint = "Run rekiln snapshot where the source is, or correct source: snapshot(…) in the config.";
    return [bad(WHAT, `there is no snapshot at ${bucket.name}`, hint)];
  }
  const lacking = types.filter((type) => !index.types.some(({ name }) => name === type));
  if (lacking.length > 0) {
    const hint = "Declare them where the source is, and run rekiln snapshot there.";
    return [bad(WHAT, `the snapshot at ${bucket.name} has no entities of ${lacking.join(", ")}`, hint)];
  }
  const entities = index.types.reduce((sum, one) => sum + one.entities, 0);
  const age = durationText(Math.max(0, Math.round((Date.now() - index.writtenAt) / 1000)));
  return [good(WHAT, `the snapshot at ${bucket.name} has version ${index.version}, ${entities} entities, ${age} old`)];
}
