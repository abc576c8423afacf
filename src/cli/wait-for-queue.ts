import type { Queue } from "../queue/queue.ts";
import { sleep } from "../system/sleep.ts";
import { count } from "./count.ts";

/** What Ctrl-C does to whoever waits. */
export const STAYS_QUEUED = "Stopping; what is queued stays queued. Once more to stop at once.";
const WAIT_MS = 200;
/** After so long without a message being taken, most likely nobody works. */
const NOBODY_MS = 5000;
const LINES_MS = 3000;
const CLEAR_LINE = "\r\u001B[2K";

/**
 * Waits until the queue holds nothing more, and shows how far it is. `what`: is waited for.
 *
 * @returns false when it was told to stop before
 */
export async function waitForQueue(queue: Queue, what: () => string, signal: AbortSignal): Promise<boolean> {
  const { stderr } = process;
  const started = performance.now();
  let most = 0;
  let hasStarted = false;
  let hasTold = false;
  let shownAt = started;
  while (!signal.aborted) {
    const { live, bulk } = await queue.depth();
    const left = live.waiting + live.delayed + live.inFlight + bulk.waiting + bulk.delayed + bulk.inFlight;
    if (left === 0) {
      if (stderr.isTTY) stderr.write(CLEAR_LINE);
      return true;
    }
    hasStarted ||= live.inFlight + bulk.inFlight > 0 || left < most;
    most = Math.max(most, left);
    const now = performance.now();
    const elapsed = now - started;
    if (!hasStarted && !hasTold && elapsed > NOBODY_MS) {
      hasTold = true;
      stderr.write("Nobody seems to work on the queue: start rekiln work in another terminal.\n");
    }
    if (stderr.isTTY || now - shownAt >= LINES_MS) {
      shownAt = now;
      const done = most - left;
      const eta = done === 0 ? "" : `, ${Math.ceil((elapsed / done) * left * 0.001)} s to go`;
      const line = `${what()}: ${count(left)} messages left${eta}`;
      stderr.write(stderr.isTTY ? `${CLEAR_LINE}${line}` : `${line}\n`);
    }
    await sleep(WAIT_MS, signal);
  }
  return false;
}
