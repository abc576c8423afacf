const TERMINAL_MS = 100;
const LINES_MS = 5000;

/** What goes on: one line that is rewritten on a terminal, elsewhere a line every few seconds when it is another one. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  readonly #isTerminal: boolean;
  #shownAt = 0;
  #shown = "";

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#isTerminal = out.isTTY;
  }

  /** @param now in milliseconds, of any clock that goes forward */
  show(line: string, now: number): void {
    if (now - this.#shownAt < (this.#isTerminal ? TERMINAL_MS : LINES_MS)) return;
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
