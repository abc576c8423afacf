import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { CannotRun } from "./cannot-run.ts";
import { measuredRun } from "./measured-run.ts";

const CLI = fileURLToPath(new URL("../../lib/src/cli/rekiln.js", import.meta.url));

/** The part of `rekiln build --json` that is measured here. */
const Summary = z.object({
  pages: z.number(),
  written: z.record(z.string(), z.number()),
  bytes: z.number(),
  peakBytes: z.number(),
  stretchesMs: z.record(z.string(), z.number()),
  threadsMs: z.record(z.string(), z.number()),
});

export interface RekilnBuild extends z.infer<typeof Summary> {
  readonly writtenPages: number;
  /** Of the whole process, its start included. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** As of `MeasuredRun`. */
  readonly othersShare: number;
}

/**
 * Builds a site with the compiled CLI, as a user does.
 * @throws CannotRun when rekiln isn't compiled.
 * @throws Error when anything at all went wrong in the build.
 */
export async function rekilnBuild(
  siteDir: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<RekilnBuild> {
  if (!existsSync(CLI)) throw new CannotRun("rekiln isn't compiled: run `npm run compile`");
  const run = await measuredRun(process.execPath, [CLI, "build", "--json"], siteDir, environment);
  if (run.exitCode !== 0) throw new Error(`rekiln build ended with ${run.exitCode}:\n${run.stderr.slice(-4000)}`);
  const summary = Summary.parse(JSON.parse(run.stdout));
  const writtenPages = Object.values(summary.written).reduce((sum, count) => sum + count, 0);
  const { seconds, cpuSeconds, othersShare } = run;
  return { ...summary, writtenPages, seconds, cpuSeconds, othersShare };
}
