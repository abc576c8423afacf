import type { Clock } from "../core/clock.ts";
import type { Sleep } from "./queue.ts";

export interface QueueSettings {
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** How often a message is received before it goes to the dead letters; default `DEFAULT_MAX_RECEIVES`. */
  readonly maxReceives?: number | undefined;
}

export const DEFAULT_MAX_RECEIVES = 5;
