import { Worker } from "node:worker_threads";

import { RekilnError } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import type { BatchOptions, PressPool } from "../press/press-pool.ts";
import { StuckPageError } from "../press/press-pool.ts";
import type { Pressed } from "../press/press-pages.ts";
import type { PressCode, PressSetup } from "./press-setup.ts";
import { fromPlain } from "./plain-error.ts";
import type { BatchMessage, ThreadData, ThreadReply } from "./press-thread.ts";

/** Longest that a page may take, template and `load` together. */
const RENDER_TIME_MAX_MS = 10_000;
const CHECK_MS = 250;
const HEAP_MEGABYTES = 256;
/** Small, so that what pages leave behind is collected while it is in the cache, and memory stays flat. */
const YOUNG_MEGABYTES = 32;

/** Extension of this very file: threads run what this process runs. */
const ENTRY = new URL(`../../workers/render-thread${import.meta.url.slice(-3)}`, import.meta.url);

interface Thread {
  readonly worker: Worker;
  readonly beats: Int32Array;
  /** Whether it was given what to press with. */
  isSetUp: boolean;
}

/**
 * Press threads, started when they are needed, or before by `warm`. A page that never ends costs its thread, and nothing else. When `signal` is aborted,
 * batches under way end after the page that they are at, with what was done recorded, and no other is begun.
 */
export class ThreadPool implements PressPool {
  readonly size: number;
  readonly #code: PressCode;
  #setup: PressSetup | undefined;
  readonly #renderTimeMaxMs: number;
  readonly #idle: Thread[] = [];
  readonly #urgent: ((thread: Thread) => void)[] = [];
  readonly #waiting: ((thread: Thread) => void)[] = [];
  readonly #threads = new Set<Thread>();
  readonly #turn = new SharedArrayBuffer(4);
  readonly #signal: AbortSignal;
  /** Not 0 when threads are to stop: they can't hear of a signal while they press. */
  readonly #stop = new SharedArrayBuffer(4);
  #started = 0;

  constructor(code: PressCode, size: number, signal: AbortSignal, renderTimeMaxMs = RENDER_TIME_MAX_MS) {
    this.#code = code;
    this.size = size;
    this.#signal = signal;
    this.#renderTimeMaxMs = renderTimeMaxMs;
    signal.addEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    Atomics.store(new Int32Array(this.#stop), 0, 1);
  };

  /** Starts threads, so that they have loaded the code when there is something to press. */
  warm(count: number): void {
    while (this.#threads.size < Math.min(count, this.size)) this.#idle.push(this.#start());
  }

  /** Says what to press with. Before the first batch. */
  open(setup: PressSetup): void {
    this.#setup = setup;
  }

  async press(keys: readonly PageKey[], options: BatchOptions, isUrgent = false): Promise<Pressed> {
    this.#signal.throwIfAborted();
    const thread = await this.#take(isUrgent);
    try {
      this.#signal.throwIfAborted();
      const setup = thread.isSetUp ? undefined : this.#setup;
      thread.isSetUp = true;
      const pressed = await this.#exchange(thread, { setup, keys, options });
      this.#give(thread);
      return pressed;
    } catch (error) {
      if (this.#threads.has(thread)) this.#give(thread);
      throw error;
    }
  }

  async #take(isUrgent: boolean): Promise<Thread> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#threads.size < this.size) return this.#start();
    return new Promise((resolve) => (isUrgent ? this.#urgent : this.#waiting).push(resolve));
  }

  #give(thread: Thread): void {
    const next = this.#nextWaiting();
    if (next === undefined) this.#idle.push(thread);
    else next(thread);
  }

  #nextWaiting(): ((thread: Thread) => void) | undefined {
    return this.#urgent.shift() ?? this.#waiting.shift();
  }

  #start(): Thread {
    const beat = new SharedArrayBuffer(8);
    const beats = new Int32Array(beat);
    beats[1] = -1;
    const data: ThreadData = {
      code: this.#code,
      turn: this.#turn,
      writer: `${process.pid}-${this.#started++}`,
      beat,
      stop: this.#stop,
    };
    const worker = new Worker(ENTRY, {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES, maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
      stdout: false,
    });
    const thread: Thread = { worker, beats, isSetUp: false };
    this.#threads.add(thread);
    return thread;
  }

  async #exchange(thread: Thread, message: BatchMessage): Promise<Pressed> {
    const { worker, beats } = thread;
    const { promise, resolve, reject } = Promise.withResolvers<Pressed>();
    const pageNow = (): PageKey | undefined => message.keys[Atomics.load(beats, 1)];
    let lastBeat = Atomics.load(beats, 0);
    let since = performance.now();
    const check = setInterval(() => {
      const beat = Atomics.load(beats, 0);
      const key = pageNow();
      if (beat !== lastBeat || key === undefined) {
        lastBeat = beat;
        since = performance.now();
      } else if (performance.now() - since > this.#renderTimeMaxMs) {
        reject(new StuckPageError(key, `took longer than ${this.#renderTimeMaxMs / 1000} s to render`));
      }
    }, CHECK_MS);
    const onMessage = (reply: ThreadReply): void => {
      if (reply.kind === "pressed") resolve(reply.pressed);
      else reject(fromPlain(reply.error));
    };
    const onError = (error: unknown): void => {
      const key = pageNow();
      const isMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
      if (isMemory && key !== undefined)
        reject(new StuckPageError(key, `needed more than ${HEAP_MEGABYTES} MB to render`));
      else reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onExit = (code: number): void => {
      const key = pageNow();
      if (key === undefined) reject(new Error(`a press thread ended with code ${code}`));
      else reject(new StuckPageError(key, `ended its thread with code ${code}`));
    };
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
    worker.postMessage(message);
    try {
      return await promise;
    } catch (error) {
      if (!(error instanceof RekilnError)) await this.#end(thread);
      throw error;
    } finally {
      clearInterval(check);
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
    }
  }

  /** Ends a thread; whoever waits gets a new one. */
  async #end(thread: Thread): Promise<void> {
    this.#threads.delete(thread);
    thread.worker.on("error", () => undefined);
    await thread.worker.terminate();
    const next = this.#nextWaiting();
    if (next !== undefined) next(this.#start());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    const threads = [...this.#threads];
    this.#threads.clear();
    this.#idle.length = 0;
    await Promise.all(threads.map(async ({ worker }) => worker.terminate()));
  }
}
