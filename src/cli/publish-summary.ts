import type { PublishReport } from "../system/run-publish.ts";
import { printable } from "./build-summary.ts";
import { EXIT } from "./exit.ts";
import { relayData, relaySummary } from "./relay-summary.ts";
import { count } from "./count.ts";

const SHOWN_MAX = 20;

/** Says what was published, and sets the exit code. */
export function printPublished(report: PublishReport, isJson: boolean): void {
  const { changed, unchanged, unchangedCount, refused, refusedCount, source, relay } = report;
  const badRecords = source?.problemCount ?? 0;
  const exitCode = refusedCount + badRecords > 0 ? EXIT.failed : EXIT.done;
  process.exitCode = exitCode;
  const { text, warnings } = relaySummary(relay);
  if (isJson) {
    const { relay: _, ...said } = report;
    const data = { schema: "rekiln.publish.1", ...said, events: relayData(relay), exitCode };
    process.stdout.write(`${JSON.stringify(data)}\n`);
  } else {
    const done: string[] = [];
    if (changed > 0) done.push(`${count(changed)} changed`);
    if (unchangedCount > 0) {
      const more = unchangedCount > unchanged.length ? ", …" : "";
      done.push(`${count(unchangedCount)} unchanged in the source, nothing to publish: ${unchanged.join(", ")}${more}`);
    }
    process.stdout.write(`${done.map((line) => `${printable(line)}\n`).join("")}${text}`);
  }
  if (report.isMarked) {
    process.stderr.write(
      "The changes can't be stored now. That there are some is marked: workers and sweepers look for them once it is over.\n",
    );
  }
  const lines = (source?.problems ?? []).slice(0, SHOWN_MAX).map(({ place, message }) => `${place}: ${message}`);
  if (badRecords > lines.length) lines.push(`… and ${count(badRecords - lines.length)} more bad records`);
  lines.push(...refused);
  if (refusedCount > refused.length) lines.push(`… and ${count(refusedCount - refused.length)} more`);
  process.stderr.write(`${lines.map((line) => `${printable(line)}\n`).join("")}${warnings}`);
}
