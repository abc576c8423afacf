import type { WriteStream } from "node:tty";

import type { DevNews } from "../system/dev-host.ts";
import { printable } from "./build-summary.ts";

/** Tells whoever sits at a terminal what happens in development, a line each; progress is one line that is drawn over. */
export class DevNewsLines {
  readonly #stream: Pick<WriteStream, "write" | "isTTY">;
  #isDrawn = false;

  constructor(stream: Pick<WriteStream, "write" | "isTTY">) {
    this.#stream = stream;
  }

  tell(news: DevNews): void {
    switch (news.kind) {
      case "records":
        if (this.#stream.isTTY) this.#draw(`taking in the data: ${news.count.toLocaleString("en")} records`);
        return;
      case "taken": {
        const what = news.changed === 1 ? "1 entity" : `${news.changed.toLocaleString("en")} entities`;
        this.#line(`${what} changed (${Math.round(news.ms)} ms)`);
        return;
      }
      case "changed":
        this.#line(`${news.what} changed (${Math.round(news.ms)} ms)`);
        return;
      case "problem":
        this.#line(news.message);
        return;
      case "failed": {
        const { title, message, hint, file, line } = news.failure;
        const place = file === undefined ? "" : ` ${file}${line === undefined ? "" : `:${line}`}`;
        this.#line(`${title}${place}`);
        for (const text of message.split("\n")) this.#line(`  ${text}`);
        if (hint !== undefined) this.#line(`  ${hint}`);
      }
    }
  }

  /** Leaves the terminal with an empty line to write on. */
  end(): void {
    if (this.#isDrawn) this.#stream.write("\r\u001b[K");
    this.#isDrawn = false;
  }

  #draw(text: string): void {
    this.#stream.write(`\r\u001b[K${printable(text)}`);
    this.#isDrawn = true;
  }

  #line(text: string): void {
    this.end();
    this.#stream.write(`${printable(text)}\n`);
  }
}
