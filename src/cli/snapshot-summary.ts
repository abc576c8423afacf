import type { Cost } from "../core/prices.ts";
import type { SnapshotReport } from "../system/snapshot-run.ts";
import { printable } from "./build-summary.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";

const SHOWN_MAX = 20;

/** Says what became of a snapshot, and sets the exit code. */
export function printSnapshot(
  report: SnapshotReport & { readonly cost: Cost },
  { isDryRun, isJson }: { readonly isDryRun: boolean; readonly isJson: boolean },
): void {
  const { source, written } = report;
  const badRecords = source?.problemCount ?? 0;
  const exitCode = badRecords + (written?.tooLarge ?? 0) > 0 ? EXIT.failed : EXIT.done;
  process.exitCode = exitCode;
  if (isJson) process.stdout.write(`${JSON.stringify({ ...dataOf(report, isDryRun), exitCode })}\n`);
  else
    process.stdout.write(
      [...linesOf(report, isDryRun), runCostText(report.cost)].map((line) => `${printable(line)}\n`).join(""),
    );
  const lines = (source?.problems ?? []).slice(0, SHOWN_MAX).map(({ place, message }) => `${place}: ${message}`);
  if (badRecords > lines.length) lines.push(`… and ${count(badRecords - lines.length)} more bad records`);
  const { left = 0, why } = written?.removed ?? {};
  if (left > 0) lines.push(`${count(left)} objects of old snapshots can't be removed: ${why ?? ""}`);
  if ((written?.tooLarge ?? 0) > 0) {
    lines.push(`${count(written?.tooLarge ?? 0)} differences can't be told in an event: rekiln build follows them.`);
  }
  process.stderr.write(lines.map((line) => `${printable(line)}\n`).join(""));
}

function linesOf(report: SnapshotReport & { readonly cost: Cost }, isDryRun: boolean): readonly string[] {
  const { place, did, version, lastVersion, entities, inserted, updated, deleted, written } = report;
  if (did === "unchanged") return [`${place} is up to date: version ${version}`];
  const differs = `${count(inserted)} new, ${count(updated)} changed, ${count(deleted)} gone`;
  const since = lastVersion === undefined ? "the first one here" : `since version ${lastVersion}: ${differs}`;
  const all = [...entities.values()].reduce((sum, one) => sum + one, 0);
  const what = did === "renewed" ? "the same data" : `${count(all)} entities`;
  if (isDryRun) return [`${place} would get version ${version}: ${what}, ${since}`];
  return [
    `${place} has version ${version}: ${what}, ${since}`,
    ...(did === "renewed"
      ? []
      : [`  stored  ${count(written?.parts ?? 0)} parts, ${count(written?.bytes ?? 0)} bytes`]),
    `  events  ${count(written?.events ?? 0)} sent for the differences`,
    ...((written?.removed.objects ?? 0) > 0
      ? [`  removed ${count(written?.removed.objects ?? 0)} parts of old ones`]
      : []),
  ];
}

function dataOf(report: SnapshotReport & { readonly cost: Cost }, isDryRun: boolean): object {
  const { place, did, version, lastVersion, entities, inserted, updated, deleted, written, source } = report;
  return {
    schema: "rekiln.snapshot.1",
    dryRun: isDryRun,
    place,
    did,
    version,
    lastVersion: lastVersion ?? null,
    name: written?.index.name ?? null,
    entities: Object.fromEntries(entities),
    differences: { inserted, updated, deleted },
    events: written?.events ?? 0,
    tooLarge: written?.tooLarge ?? 0,
    parts: written?.parts ?? 0,
    bytes: written?.bytes ?? 0,
    removed: written?.removed.objects ?? 0,
    notRemoved: written?.removed.left ?? 0,
    problems: source?.problems ?? [],
    problemCount: source?.problemCount ?? 0,
    cost: report.cost,
  };
}
