import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { StartedAt } from "./run-schedule.ts";

/** When what was started last, in a file of the site's state folder. */
export class ScheduleState {
  readonly #file: string;

  constructor(state: string) {
    this.#file = join(state, "schedule.json");
  }

  /** A file that isn't there, or can't be read, knows of nothing: everything is due at its next time. */
  read(): StartedAt {
    try {
      const parsed: unknown = JSON.parse(readFileSync(this.#file, "utf8"));
      const entries = Object.entries(typeof parsed === "object" && parsed !== null ? parsed : {});
      return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"));
    } catch {
      return {};
    }
  }

  write(started: StartedAt): void {
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(started)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
