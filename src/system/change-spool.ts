import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { checkRequest } from "../core/change-request.ts";
import type { ChangeRequest } from "../core/change-request.ts";
import { decodeRecord } from "../source/parse-record.ts";
import { readLines } from "../source/record-files.ts";

const PROBLEMS_KEPT_MAX = 20;

/**
 * Changes that come as NDJSON, laid aside in a file until all lines are known to be right: nothing is published of a stream with a
 * mistake in it, and memory stays flat.
 */
export class ChangeSpool implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "rekiln-publish-"));
  readonly #file = join(this.#folder, "changes.ndjson");
  readonly problems: string[] = [];
  problemCount = 0;
  count = 0;

  /** @param name of the stream, for problems: `stdin:12: …` */
  async take(stream: AsyncIterable<unknown>, name: string, types: { has(type: string): boolean }): Promise<void> {
    const file = openSync(this.#file, "w", 0o600);
    try {
      for await (const lines of readLines(stream, name)) {
        let text = "";
        for (const { place, bytes } of lines) {
          const decoded = bytes === undefined ? { ok: false as const, message: "is too long" } : decodeRecord(bytes);
          const checked = decoded.ok
            ? checkRequest(decoded.input, types)
            : { ok: false as const, problem: decoded.message };
          if (checked.ok) {
            text += `${JSON.stringify(checked.request)}\n`;
            this.count++;
            continue;
          }
          this.problemCount++;
          if (this.problems.length < PROBLEMS_KEPT_MAX) this.problems.push(`${place}: ${checked.problem}`);
        }
        for (let bytes = Buffer.from(text); bytes.length > 0;) bytes = bytes.subarray(writeSync(file, bytes));
      }
    } finally {
      closeSync(file);
    }
  }

  async *changes(): AsyncGenerator<ChangeRequest> {
    for await (const lines of readLines(createReadStream(this.#file), this.#file)) {
      // `take` wrote a request on each line.
      for (const { bytes = new Uint8Array() } of lines)
        yield JSON.parse(Buffer.from(bytes).toString()) as ChangeRequest;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
