import { DRIFT_CAUSES } from "../manifest/sweep-state.ts";
import type { Drift, DriftCause } from "../manifest/sweep-state.ts";
import { count } from "./count.ts";

const CAUSES: Readonly<Record<DriftCause, string>> = {
  "event-lost": "an event was lost",
  "dependency-not-recorded": "a dependency wasn't recorded",
  "not-deterministic": "two renders of the same data differ",
  store: "the store had lost it, or somebody changed it",
};

/** `3: an event was lost`, for each cause that there is. */
export function driftCountLines(counts: Readonly<Record<DriftCause, number>>): readonly string[] {
  return DRIFT_CAUSES.filter((cause) => counts[cause] > 0).map((cause) => `${count(counts[cause])}: ${CAUSES[cause]}`);
}

/** `film/42: an event was lost: film:42 changed in version 7` */
export function driftText({ key, cause, detail }: Drift): string {
  return `${key}: ${CAUSES[cause]}: ${detail}`;
}
