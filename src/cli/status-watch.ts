import { RekilnError } from "../core/errors.ts";
import type { StatusReader } from "../system/read-status.ts";
import { sleep } from "../system/sleep.ts";
import { printable } from "./build-summary.ts";
import { statusLine, statusLines } from "./status-text.ts";

const REDRAW_MS = 1000;
const LINES_MS = 3000;

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
const CLEAR = "\u001B[2J";
const HOME = "\u001B[H";
const CLEAR_REST_OF_LINE = "\u001B[K";
const CLEAR_BELOW = "\u001B[J";

/** Says how a site is until Ctrl-C or SIGTERM: on a terminal in place, elsewhere a line every few seconds. */
export async function watchStatus(reader: StatusReader, out: NodeJS.WriteStream): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  if (out.isTTY) out.write(`${HIDE_CURSOR}${CLEAR}`);
  try {
    while (!stop.signal.aborted) {
      const lines = await linesOf(reader, out.isTTY);
      out.write(out.isTTY ? screenOf(lines, out.columns, out.rows) : lines.map((line) => `${line}\n`).join(""));
      await sleep(out.isTTY ? REDRAW_MS : LINES_MS, stop.signal);
    }
  } finally {
    if (out.isTTY) out.write(SHOW_CURSOR);
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** What can't be read now, since a build is replacing it or the disk is busy, may be there the next time. */
async function linesOf(reader: StatusReader, isTerminal: boolean): Promise<readonly string[]> {
  try {
    const status = await reader.read();
    return isTerminal ? [...statusLines(status), "", "Ctrl-C ends this."] : [statusLine(status)];
  } catch (error) {
    if (!(error instanceof RekilnError)) throw error;
    return [printable(`${error.message} ${error.hint ?? ""}`.trimEnd())];
  }
}

/** Lines as they replace what stands on a terminal, cut to its size. */
export function screenOf(lines: readonly string[], columns: number, rows: number): string {
  const shown = lines.slice(0, Math.max(1, rows - 1));
  return `${HOME}${shown.map((line) => `${line.slice(0, columns)}${CLEAR_REST_OF_LINE}\n`).join("")}${CLEAR_BELOW}`;
}
