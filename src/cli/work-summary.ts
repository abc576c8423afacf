import type { RunWorkResult } from "../system/work-session.ts";
import { driftCountLines } from "./drift-text.ts";
import { printable } from "./build-summary.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";

const ERRORS_SHOWN_MAX = 20;

export interface WorkSummary {
  readonly text: string;
  readonly problems: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a worker did, for people and for programs. */
export function workSummary(result: RunWorkResult, seconds: number): WorkSummary {
  const { tally, ended, message, released, swept, cost } = result;
  const amplification = tally.written === 0 ? undefined : tally.rendered / tally.written;
  const lines = [
    `${count(tally.messages)} messages answered, ${count(tally.changes)} changes of entities`,
    `  affected  ${count(tally.affected)} pages`,
    `  rendered  ${count(tally.rendered)}${amplification === undefined ? "" : `, ${amplification.toFixed(2)} for each that was written`}`,
    `  written   ${count(tally.written)}`,
    `  unchanged ${count(tally.equal + tally.verified)}`,
    `  removed   ${count(tally.removed)}`,
    `  failed    ${count(tally.failed)}${tally.retries > 0 ? `, tried again ${count(tally.retries)}` : ""}`,
  ];
  if (tally.withheld > 0)
    lines.push(`  withheld  ${count(tally.withheld)} removals: rekiln build --max-deletes ${tally.withheld} does them`);
  if (tally.discarded > 0)
    lines.push(`  given up  ${count(tally.discarded)} messages: rekiln queue list --dead shows why`);
  if (tally.setAside > 0)
    lines.push(`  set aside ${count(tally.setAside)} messages: they wait for newer data or templates`);
  if (released > 0) lines.push(`  released  ${count(released)} messages, unfinished`);
  if (swept !== undefined) {
    lines.push(`  swept     ${count(swept.swept)} pages, ${count(swept.driftCount)} drifted`);
    for (const line of driftCountLines(swept.drift)) lines.push(`    ${line}`);
  }
  const ending = ended === "empty" ? "The queue is empty" : ended === "stopped" ? "Stopped" : (message ?? "Replaced");
  lines.push(`${ending}, after ${seconds.toFixed(2)} s.`, runCostText(cost));
  const errors = [...tally.errors.values()];
  const shown = errors.slice(0, ERRORS_SHOWN_MAX).map((error) => `${printable(error)}\n`);
  if (errors.length > shown.length) shown.push(`and ${count(errors.length - shown.length)} more\n`);
  return {
    text: `${lines.join("\n")}\n`,
    problems: shown.join(""),
    data: {
      schema: "rekiln.work.1",
      ended,
      messages: tally.messages,
      changes: tally.changes,
      affected: tally.affected,
      handedOn: tally.handedOn,
      rendered: tally.rendered,
      written: tally.written,
      equal: tally.equal,
      verified: tally.verified,
      removed: tally.removed,
      withheld: tally.withheld,
      failed: tally.failed,
      retries: tally.retries,
      discarded: tally.discarded,
      setAside: tally.setAside,
      released,
      bytes: tally.bytes,
      amplification: amplification ?? null,
      sweep: swept === undefined ? null : { swept: swept.swept, found: swept.found, drift: swept.drift },
      seconds,
      cost,
      errors,
    },
  };
}
