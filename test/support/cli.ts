import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";
import { z } from "zod";

import { tethered } from "./tethered.ts";

const MAIN = fileURLToPath(new URL("../../lib/src/cli/rekiln.js", import.meta.url));

/** What a process left behind. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** The compiled rekiln, running in a folder until it ends or the test does. */
export class Running {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #started = performance.now();
  #stdout = "";
  #stderr = "";

  /**
   * @param input what it reads from stdin
   * @param environment in addition to this process's own
   */
  constructor(folder: string, args: readonly string[], input = "", environment: Readonly<Record<string, string>> = {}) {
    // Before there is a process: a test that is over refuses.
    onTestFinished(async () => {
      this.kill("SIGKILL");
      await this.ended;
    });
    const env = { ...process.env, ...environment };
    const child = spawn(...tethered(process.execPath, [MAIN, ...args]), { cwd: folder, stdio: "pipe", env });
    // It may end before it has read all.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.#child = child;
    this.ended = this.#end();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Signals the process, if it hasn't ended. */
  kill(signal: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
  }

  /** Reads no more of what it says. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** Waits until stdout and stderr together match. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout + this.#stderr);
      if (match !== null) return match;
      const more = Promise.race([
        once(this.#child.stdout ?? this.#child, "data"),
        once(this.#child.stderr ?? this.#child, "data"),
      ]);
      const over = await Promise.race([more.then(() => false), this.ended.then(() => true)]);
      if (over && !pattern.test(this.#stdout + this.#stderr)) {
        throw new Error(`it ended without saying ${String(pattern)}:\n${this.#stdout}${this.#stderr}`);
      }
    }
  }

  async #end(): Promise<Ended> {
    const [code, signal] = (await once(this.#child, "close")) as [number | null, NodeJS.Signals | null];
    const seconds = (performance.now() - this.#started) / 1000;
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr, seconds };
  }
}

/** Runs a command of the compiled rekiln to its end. */
export async function rekiln(folder: string, ...args: readonly string[]): Promise<Ended> {
  return new Running(folder, args).ended;
}

/** The same with something to read from stdin. */
export async function rekilnReading(input: string, folder: string, ...args: readonly string[]): Promise<Ended> {
  return new Running(folder, args, input).ended;
}

const counts = z.record(z.string(), z.number());
const summarySchema = z.object({
  schema: z.literal("rekiln.build.1"),
  dryRun: z.boolean(),
  interrupted: z.boolean(),
  wouldWrite: z
    .array(z.object({ page: z.string(), path: z.string(), reason: z.string(), because: z.string() }))
    .optional(),
  wouldRemove: z.array(z.object({ page: z.string(), path: z.string().nullable() })).optional(),
  pages: z.number(),
  written: counts,
  unchanged: z.number(),
  removed: z.number(),
  withheld: z.number(),
  redirects: z.record(z.string(), z.string()),
  tombstones: z.number(),
  failed: z.number(),
  errors: z.array(z.string()),
  brokenTemplates: z.array(z.object({ file: z.string(), message: z.string(), failed: counts })),
  collided: z.record(z.string(), z.string()),
  whole: z.record(z.string(), z.string()),
  source: z.object({
    inserted: z.number(),
    updated: z.number(),
    deleted: z.number(),
    kept: z.number(),
    problems: z.array(z.object({ place: z.string(), message: z.string() })),
  }),
  static: z.object({ written: z.array(z.string()), removed: z.array(z.string()) }),
  sitemaps: z
    .object({
      files: z.number(),
      addresses: z.number(),
      written: z.array(z.string()),
      removed: z.array(z.string()),
      problems: z.array(z.object({ file: z.string(), message: z.string() })),
      owner: z.object({ path: z.string(), by: z.string() }).optional(),
    })
    .nullable(),
  pressed: z.number(),
  exitCode: z.number(),
});

/** What `build --json` says, with what the process itself left. */
export type Built = z.infer<typeof summarySchema> & {
  /** All pages written, whatever for. */
  readonly wrote: number;
  readonly stderr: string;
  readonly seconds: number;
};

/** Runs `rekiln build --json`; it must print one object and end with the exit code that stands there. */
export async function build(folder: string, ...args: readonly string[]): Promise<Built> {
  const { code, stdout, stderr, seconds } = await rekiln(folder, "build", "--json", ...args);
  if (stdout === "") throw new Error(`build printed nothing and ended with ${code}: ${stderr}`);
  const summary = summarySchema.parse(JSON.parse(stdout));
  if (summary.exitCode !== code) throw new Error(`build said ${summary.exitCode} and ended with ${code}: ${stderr}`);
  const wrote = Object.values(summary.written).reduce((sum, value) => sum + value, 0);
  return { ...summary, wrote, stderr, seconds };
}
