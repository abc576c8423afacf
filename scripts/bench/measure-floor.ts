import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { measuredRun } from "./measured-run.ts";
import { setAside } from "./set-aside.ts";
import { settleDisk } from "./settle-disk.ts";

const PROGRAM = fileURLToPath(new URL("floor.ts", import.meta.url));
const Printed = z.object({ files: z.number(), bytes: z.number(), folders: z.number(), seconds: z.number() });

interface Floor extends z.infer<typeof Printed> {
  /** As of `MeasuredRun`. */
  readonly othersShare: number;
}

/** Measures, in a process of its own, how long it takes to write the files below `from` into the new folder `to`. */
export async function measureFloor(from: string, to: string): Promise<Floor> {
  setAside(to);
  mkdirSync(to);
  settleDisk();
  const run = await measuredRun(process.execPath, [PROGRAM, from, to], to);
  if (run.exitCode !== 0) throw new Error(`the floor ended with ${run.exitCode}:\n${run.stderr}`);
  return { ...Printed.parse(JSON.parse(run.stdout)), othersShare: run.othersShare };
}
