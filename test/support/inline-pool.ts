import type { PageKey } from "../../src/core/page.ts";
import { pressPages } from "../../src/press/press-pages.ts";
import type { PressContext, Pressed } from "../../src/press/press-pages.ts";
import type { BatchOptions, PressPool } from "../../src/press/press-pool.ts";

/** Presses in this very thread, one batch after the other. */
export class InlinePool implements PressPool {
  readonly size = 1;
  /** Pages whose render was begun, each as often as it was. */
  readonly rendered: PageKey[] = [];
  readonly #context: PressContext;
  readonly #signal: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: Omit<PressContext, "onPage">, signal: AbortSignal, onPage: (rendered: number) => void) {
    this.#signal = signal;
    this.#context = {
      ...context,
      onPage: (key) => {
        if (key === undefined) return;
        this.rendered.push(key);
        onPage(this.rendered.length);
      },
    };
  }

  async press(keys: readonly PageKey[], options: BatchOptions): Promise<Pressed> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      return await pressPages(this.#context, keys, { ...options, signal: this.#signal });
    } finally {
      resolve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
  }
}

/** What a press in this thread needs of a site without static files, with what is the same in every run filled in. */
export function inlineContext(
  parts: Pick<
    PressContext,
    "site" | "renderer" | "reader" | "manifest" | "store" | "isFirstBuild" | "epoch" | "epochs" | "clock"
  >,
): Omit<PressContext, "onPage"> {
  return {
    ...parts,
    assets: new Map(),
    useAsset: () => undefined,
    inTurn: (work) => work(),
    staticKeys: new Set(),
  };
}
