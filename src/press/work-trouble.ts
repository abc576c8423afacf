import { troubleText } from "../core/passing-error.ts";
import type { Sleep } from "../queue/queue.ts";

/** After a failure that passes by itself: a file that another process holds for long. */
const TROUBLE_SECONDS = 1;
const TROUBLE_SECONDS_MAX = 60;

interface TroubleContext {
  readonly sleep: Sleep;
  /** Told of failures that the worker outlives. */
  readonly warn?: (message: string) => void;
}

/** Source, store, manifest or queue can't be used now. */
export class WorkTrouble {
  readonly #context: TroubleContext;
  readonly #stop: AbortSignal;
  /** How often in a row something couldn't be used. */
  #count = 0;

  constructor(context: TroubleContext, stop: AbortSignal) {
    this.#context = context;
    this.#stop = stop;
  }

  over(): void {
    this.#count = 0;
  }

  /** Nothing is done until they may be used again: longer each time. */
  async pause(error: Error): Promise<void> {
    const seconds = Math.min(TROUBLE_SECONDS * 2 ** this.#count++, TROUBLE_SECONDS_MAX);
    this.#context.warn?.(`${troubleText(error)} Work goes on in ${seconds} s.`);
    await this.#context.sleep(seconds * 1000, this.#stop);
  }
}
