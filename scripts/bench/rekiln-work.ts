import { z } from "zod";

import { CLI } from "./embedded-site.ts";
import { measuredRun } from "./measured-run.ts";

/** The part of `rekiln work --json` that is measured here. */
const Summary = z.object({
  messages: z.number(),
  changes: z.number(),
  rendered: z.number(),
  written: z.number(),
  failed: z.number(),
  discarded: z.number(),
});

export interface RekilnWork extends z.infer<typeof Summary> {
  /** Of the whole process, its start included. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** As of `MeasuredRun`. */
  readonly othersShare: number;
}

/** What `rekiln work --json` printed. @throws Error when a page failed, or a message was given up. */
export function workSummaryOf(stdout: string): z.infer<typeof Summary> {
  const summary = Summary.parse(JSON.parse(stdout));
  if (summary.failed + summary.discarded > 0) throw new Error(`rekiln work failed: ${stdout}`);
  return summary;
}

/** Drains the queue of a site with the compiled CLI. */
export async function rekilnWork(
  siteDir: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RekilnWork> {
  const drain = [CLI, "work", "--until-empty", "--json", ...args];
  const run = await measuredRun(process.execPath, drain, siteDir, environment);
  if (run.exitCode !== 0) throw new Error(`rekiln work ended with ${run.exitCode}:\n${run.stderr.slice(-4000)}`);
  const { seconds, cpuSeconds, othersShare } = run;
  return { ...workSummaryOf(run.stdout), seconds, cpuSeconds, othersShare };
}
