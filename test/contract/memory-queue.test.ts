import { MemoryQueue } from "../../src/queue/memory-queue.ts";
import { queueContract } from "./queue-contract.ts";

queueContract("memory", (settings) => {
  const queue = new MemoryQueue(settings);
  return { queue, connect: () => queue };
});
