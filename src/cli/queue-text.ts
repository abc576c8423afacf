import { durationText } from "../core/duration.ts";
import type { Lane, LaneDepth, QueuedMessage } from "../queue/queue.ts";
import { printable } from "./build-summary.ts";
import { count } from "./count.ts";

const BODY_SHOWN_MAX = 160;

/** `live: 3 waiting, 1 in flight, 2 dead, oldest 14 s` */
export function depthText(lane: Lane, depth: LaneDepth): string {
  const { waiting, delayed, inFlight, dead, oldestAgeSeconds } = depth;
  const parts = [`${count(waiting)} waiting`];
  if (delayed > 0) parts.push(`${count(delayed)} delayed`);
  parts.push(`${count(inFlight)} in flight`, `${count(dead)} dead`);
  if (oldestAgeSeconds !== undefined) parts.push(`oldest ${durationText(oldestAgeSeconds)}`);
  return `${lane}: ${parts.join(", ")}`;
}

/** The body of a message on a line, cut where it is long. */
export function bodyText({ body }: QueuedMessage): string {
  return printable(body.length > BODY_SHOWN_MAX ? `${body.slice(0, BODY_SHOWN_MAX)}…` : body);
}

/** The body of a message for programs: as JSON where it is, else as text. */
export function bodyData({ body }: QueuedMessage): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
