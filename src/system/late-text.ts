import { durationText } from "../core/duration.ts";
import type { LateRoute } from "../press/sweep-pace.ts";

/** Says how far a sweep is behind, and how many pages a second it needs. @param rate most pages a second; undefined is no limit */
export function lateText(late: readonly LateRoute[], needed: number, rate: number | undefined): string {
  const [worst, ...others] = late;
  if (worst === undefined) return "The sweep is behind with nothing.";
  const behind =
    `the oldest page of ${worst.route} was verified ${durationText(worst.ageSeconds)} ago, ` +
    `and its period is ${durationText(worst.periodSeconds)}`;
  const also = others.length === 0 ? "" : `; so it is with ${others.map(({ route }) => route).join(", ")}`;
  const limit = rate !== undefined && rate < needed ? `, and --rate allows ${rate}` : "";
  return `The sweep is behind: ${behind}${also}. ${needed.toFixed(needed < 10 ? 2 : 0)} pages a second are needed${limit}.`;
}
