import { importPlanted } from "./planted-source.ts";
import type { SourceBug } from "./planted-source.ts";
import type { simulate as Simulate } from "./simulate.ts";

export interface Hunted {
  /** The seed that shows the bug; undefined when none did. */
  readonly seed: number | undefined;
  readonly violation: string | undefined;
}

/** Simulates with a planted bug, seed after seed, until a promise is broken. */
export async function hunt(name: string, bug: SourceBug, from: number, seeds: number): Promise<Hunted> {
  const module = new URL("simulate.ts", import.meta.url);
  const { simulate } = await importPlanted<{ readonly simulate: typeof Simulate }>(name, bug, module);
  for (let seed = from; seed < from + seeds; seed++) {
    const { violation } = await simulate(seed);
    if (violation !== undefined) return { seed, violation };
  }
  return { seed: undefined, violation: undefined };
}
