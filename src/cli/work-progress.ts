import type { WorkTally } from "../press/work-tally.ts";
import { count } from "./count.ts";

/** What a worker has done so far, on a line. */
export function workProgress(tally: WorkTally): string {
  const parts = [
    `${count(tally.messages)} messages`,
    `${count(tally.written)} pages written`,
    `${count(tally.equal + tally.verified)} unchanged`,
    `${count(tally.failed)} failed`,
  ];
  return parts.join(", ");
}
