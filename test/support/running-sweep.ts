import type { Clock } from "../../src/core/clock.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { PressPool } from "../../src/press/press-pool.ts";
import type { SweepResult } from "../../src/press/sweep-context.ts";
import type { LateRoute } from "../../src/press/sweep-pace.ts";
import type { Sleep } from "../../src/queue/queue.ts";

const never = new Promise<never>(() => undefined);

/** A sweep that goes on until it is done, stopped or killed, and what it did meanwhile. */
export class RunningSweep {
  result: Promise<SweepResult> = never;
  /** Each press of a page, with when it was, in milliseconds. */
  readonly pressed: { readonly key: PageKey; readonly at: number }[] = [];
  /** What it said of routes that it is behind with. */
  readonly late: { readonly late: readonly LateRoute[]; readonly neededPerSecond: number }[] = [];
  /** Told which batch is about to be pressed. */
  onPress: (keys: readonly PageKey[]) => void = () => undefined;
  readonly stop: () => void;
  #isKilled = false;

  constructor(stop: () => void) {
    this.stop = stop;
  }

  /** From now on it does nothing more, not even end. */
  kill(): void {
    this.#isKilled = true;
  }

  watched(pool: PressPool, clock: Clock): PressPool {
    return {
      size: pool.size,
      press: async (keys, options) => {
        this.onPress(keys);
        if (this.#isKilled) return never;
        for (const key of keys) this.pressed.push({ key, at: clock() });
        return pool.press(keys, options);
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  alive(sleep: Sleep): Sleep {
    return async (ms, signal) => (this.#isKilled ? never : sleep(ms, signal));
  }
}
