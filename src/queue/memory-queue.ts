import { LaneQueue } from "./lane-queue.ts";
import { MemoryLane } from "./memory-lane.ts";
import { DEFAULT_MAX_RECEIVES } from "./queue-settings.ts";
import type { QueueSettings } from "./queue-settings.ts";

/** A queue in memory, for simulations: what it does follows from what is asked of it, and from its clock. */
export class MemoryQueue extends LaneQueue {
  constructor(settings: QueueSettings) {
    const { clock, maxReceives = DEFAULT_MAX_RECEIVES } = settings;
    super(
      { live: new MemoryLane("live", clock, maxReceives), bulk: new MemoryLane("bulk", clock, maxReceives) },
      settings,
    );
  }
}
