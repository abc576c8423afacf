import type { WorkTally } from "../press/work-tally.ts";
import { count } from "./count.ts";

const TERMINAL_MS = 100;
const LINES_MS = 5000;
/** Shows what a worker does: one line that is rewritten on a terminal, elsewhere a line every few seconds when something happened. */
export class WorkProgress {
  readonly #out: NodeJS.WriteStream;
  readonly #isTerminal: boolean;
  #shownAt = 0;
  #shown = "";

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#isTerminal = out.isTTY;
  }

  show(tally: WorkTally, now: number): void {
    if (now - this.#shownAt < (this.#isTerminal ? TERMINAL_MS : LINES_MS)) return;
    const parts = [
      `${count(tally.messages)} messages`,
      `${count(tally.written)} pages written`,
      `${count(tally.equal + tally.verified)} unchanged`,
      `${count(tally.failed)} failed`,
    ];
    const line = parts.join(", ");
    if (line === this.#shown) return;
    this.#shown = line;
    this.#shownAt = now;
    this.#out.write(this.#isTerminal ? `\r\u001B[2K${line}` : `${line}\n`);
  }

  /** A line of its own. */
  say(text: string): void {
    this.#out.write(this.#isTerminal ? `\r\u001B[2K${text}\n` : `${text}\n`);
  }

  end(): void {
    if (this.#isTerminal && this.#shown !== "") this.#out.write("\r\u001B[2K");
  }
}
