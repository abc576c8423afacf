import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { text } from "node:stream/consumers";

const POLL_MS = 50;
/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface MeasuredRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly seconds: number;
  /** User and system time of all its threads, without that of its own children. */
  readonly cpuSeconds: number;
  /** The most memory that was resident at once. */
  readonly peakBytes: number;
  /** The share of the machine's processors that everything else took meanwhile: above 0.1 the times say little. */
  readonly othersShare: number;
}

/**
 * Runs a program to its end. Its times and memory come from /proc (proc(5): `stat`, and `VmHWM` of `status`), read 20
 * times a second, so that every program is measured in the same way; what happens in its last 50 ms may be missing from
 * them. They are NaN where there is no /proc.
 * @throws Error when the program can't be started.
 */
export async function measuredRun(
  program: string,
  parameters: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<MeasuredRun> {
  const busyBefore = busySeconds();
  const started = performance.now();
  const child = spawn(program, parameters, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let cpuSeconds = NaN;
  let peakBytes = NaN;
  const poll = (): void => {
    if (child.pid === undefined) return;
    cpuSeconds = cpuSecondsOf(child.pid) ?? cpuSeconds;
    peakBytes = peakBytesOf(child.pid) ?? peakBytes;
  };
  const timer = setInterval(poll, POLL_MS);
  const stop = (): void => void child.kill();
  process.once("exit", stop);
  try {
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await once(child, "exit")) as [number | null];
    const seconds = (performance.now() - started) / 1000;
    const othersShare = (busySeconds() - busyBefore - cpuSeconds) / (seconds * cpus().length);
    const [stdout, stderr] = await output;
    return { exitCode: code ?? 1, stdout, stderr, seconds, cpuSeconds, peakBytes, othersShare };
  } finally {
    clearInterval(timer);
    process.removeListener("exit", stop);
  }
}

function procFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, "utf8");
  } catch {
    // It has ended, or this isn't Linux.
    return undefined;
  }
}

/** What all processes together have used: user, nice, system, interrupts and what the host took. */
function busySeconds(): number {
  // "cpu", two spaces, then user, nice, system, idle, iowait, irq, softirq, steal.
  const fields = procFile("stat")?.split("\n")[0]?.split(/\s+/).map(Number) ?? [];
  return [1, 2, 3, 6, 7, 8].reduce((sum, field) => sum + (fields[field] ?? NaN), 0) / TICKS_PER_SECOND;
}

function cpuSecondsOf(pid: number): number | undefined {
  // The second field is the program's name in brackets, and may hold spaces; user and system time are fields 14 and 15.
  const fields = procFile(`${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function peakBytesOf(pid: number): number | undefined {
  // A process that has ended but wasn't waited for has no such line.
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(procFile(`${pid}/status`) ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
