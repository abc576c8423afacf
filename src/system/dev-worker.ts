import { Worker } from "node:worker_threads";

import { RekilnError } from "../core/errors.ts";
import type { DevRequest, DevReply, DevThreadData } from "./dev-thread.ts";

const ENTRY = new URL(`../../workers/dev-thread${import.meta.url.slice(-3)}`, import.meta.url);
/** Longest that a page may hold its thread. */
const RENDER_TIME_MAX_MS = 11_000;
const CHECK_MS = 250;

type Asked<T> = T extends { readonly id: number } ? Omit<T, "id"> : never;
export type DevQuestion = Asked<DevRequest>;
type Answered = Extract<DevReply, { readonly id: number }>;

/** A thread with a config of its own, as the host sees it. */
export class DevWorker implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #beats: Int32Array;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answered>>();
  readonly #check: NodeJS.Timeout;
  #asked = 0;
  #isEnded = false;

  /**
   * @param onTold what it says without being asked
   * @param onGone it ended by itself, or was ended because a page held it for too long; what it was asked fails
   */
  constructor(configFile: string, onTold: (reply: DevReply) => void, onGone: (why: string) => void) {
    const beat = new SharedArrayBuffer(8);
    this.#beats = new Int32Array(beat);
    const data: DevThreadData = { configFile, beat };
    this.#worker = new Worker(ENTRY, { workerData: data });
    this.#worker.on("message", (reply: DevReply) => {
      if (!("id" in reply)) onTold(reply);
      else {
        this.#waiting.get(reply.id)?.resolve(reply);
        this.#waiting.delete(reply.id);
      }
    });
    const gone = (why: string): void => {
      if (this.#isEnded) return;
      this.#end(why);
      onGone(why);
    };
    this.#worker.on("error", (error) => gone(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => gone(`its thread ended with code ${code}`));
    let [turn, since] = [0, performance.now()];
    this.#check = setInterval(() => {
      const now = Atomics.load(this.#beats, 1);
      if (now !== turn || Atomics.load(this.#beats, 0) === 0) [turn, since] = [now, performance.now()];
      else if (performance.now() - since > RENDER_TIME_MAX_MS) {
        gone("it never ended, and was stopped");
        void this.#worker.terminate();
      }
    }, CHECK_MS);
  }

  /** @throws RekilnError `dev-thread-gone` when it ends before it answers */
  async ask(question: DevQuestion): Promise<Answered> {
    if (this.#isEnded) throw threadGone("it was replaced");
    const id = ++this.#asked;
    const waiting = Promise.withResolvers<Answered>();
    this.#waiting.set(id, waiting);
    this.#worker.postMessage({ ...question, id });
    return waiting.promise;
  }

  #end(why: string): void {
    this.#isEnded = true;
    clearInterval(this.#check);
    for (const { reject } of this.#waiting.values()) reject(threadGone(why));
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnded) return;
    this.#end("it was replaced");
    await this.#worker.terminate();
  }
}

function threadGone(why: string): RekilnError {
  return new RekilnError({
    code: "dev-thread-gone",
    message: `The page was given up: ${why}.`,
    disposition: "retry",
    hint: "Mend load or the template of this page if it can't end, then save.",
  });
}
