import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROCESS = fileURLToPath(new URL("./s3-process.ts", import.meta.url));
export const FLEET_BUCKET = "fleet";
/** Who the fake lets ask: the defaults of the tests' S3. */
export const FLEET_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_EC2_METADATA_DISABLED: "true",
} as const;

export type S3Kind = "put" | "head" | "get" | "list" | "remove";

/** Requests by what they do: of pages, and of all else (site record, listings, sitemaps). */
export type S3Counts = Readonly<Record<"pages" | "others", Readonly<Record<S3Kind, number>>>>;

/** The strict S3 of the tests in a process of its own, which counts what it is asked. */
export class FleetS3 implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(): Promise<FleetS3> {
    const child = fork(PROCESS);
    const [{ url }] = (await once(child, "message")) as [{ readonly url: string }];
    return new FleetS3(child, url);
  }

  /** All requests so far. */
  async counts(): Promise<S3Counts> {
    const answered = once(this.#child, "message");
    this.#child.send("counts");
    const [counts] = (await answered) as [S3Counts];
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}
