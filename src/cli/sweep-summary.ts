import type { RunSweepResult } from "../system/run-sweep.ts";
import { printable } from "./build-summary.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { driftCountLines, driftText } from "./drift-text.ts";
import type { WorkSummary } from "./work-summary.ts";

const SHOWN_MAX = 20;

/** What a sweep did, for people and for programs. */
export function sweepSummary(result: RunSweepResult, seconds: number, isTooMuch: boolean): WorkSummary {
  const { tally, ended, message, cost } = result;
  const { pages } = tally;
  const lines = [
    `${count(tally.swept)} pages swept in ${count(tally.slices)} slices`,
    `  proven    ${count(tally.proven)} unchanged, by the versions of the source`,
    `  rendered  ${count(pages.rendered)}`,
    `  written   ${count(pages.written)}`,
    `  removed   ${count(pages.removed)}`,
    `  failed    ${count(pages.failed)}`,
  ];
  if (tally.due > 0) lines.push(`  due       ${count(tally.due)} by the clock`);
  if (tally.found > 0) lines.push(`  found     ${count(tally.found)} changed entities that nobody had told of`);
  if (pages.withheld > 0) {
    lines.push(`  withheld  ${count(pages.withheld)} removals: rekiln prune --max-deletes ${pages.withheld} does them`);
  }
  lines.push(
    `  drifted   ${count(tally.driftCount)}, though no event was pending${isTooMuch ? ": more than --max-drift" : ""}`,
  );
  for (const line of driftCountLines(tally.drift)) lines.push(`    ${line}`);
  const ending =
    ended === "done" ? "Everything was gone over" : ended === "stopped" ? "Stopped" : (message ?? "Replaced");
  lines.push(`${ending}, after ${seconds.toFixed(2)} s.`, runCostText(cost));
  const errors = [...tally.failed.values()];
  const problems = [...errors, ...tally.drifts.map(driftText)];
  const shown = problems.slice(0, SHOWN_MAX).map((problem) => `${printable(problem)}\n`);
  if (problems.length > shown.length) shown.push(`and ${count(problems.length - shown.length)} more\n`);
  return {
    text: `${lines.join("\n")}\n`,
    problems: shown.join(""),
    data: {
      schema: "rekiln.sweep/1",
      ended,
      swept: tally.swept,
      slices: tally.slices,
      proven: tally.proven,
      due: tally.due,
      found: tally.found,
      rendered: pages.rendered,
      written: pages.written,
      removed: pages.removed,
      withheld: pages.withheld,
      failed: pages.failed,
      drift: tally.drift,
      drifted: tally.driftCount,
      isTooMuchDrift: isTooMuch,
      drifts: tally.drifts,
      bytes: pages.bytes,
      seconds,
      cost,
      errors,
    },
  };
}
