/** Longer than any batch takes to write: whoever has the turn for so long has been ended with its thread. */
const HELD_MAX_MS = 5000;

/**
 * Runs `work` while no other thread that shares `turn` does. File systems create files one after the other whoever asks,
 * and slower when two ask at once; and a database has one writer. So one thread writes while another renders. It
 * is a courtesy, nothing leans on it: a turn that is never given back is taken.
 *
 * @returns undefined, and nothing is done, when another thread has the turn and this one doesn't wait for it
 */
export function inTurn<T>(turn: Int32Array, work: () => T, waits: boolean): T | undefined {
  while (Atomics.compareExchange(turn, 0, 0, 1) !== 0) {
    if (!waits) return undefined;
    if (Atomics.wait(turn, 0, 1, HELD_MAX_MS) === "timed-out") break;
  }
  try {
    return work();
  } finally {
    Atomics.store(turn, 0, 0);
    Atomics.notify(turn, 0, 1);
  }
}
