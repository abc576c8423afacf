import { RekilnError } from "../core/errors.ts";

export type TimeStep = "minute" | "hour" | "day";

/** A stretch of time in Unix seconds, its end not included. */
export interface TimeBucket {
  readonly start: number;
  readonly end: number;
}

/** No zone has a day longer than this. */
const DAY_SECONDS_MAX = 26 * 3600;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format !== undefined) return format;
  try {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      timeZoneName: "longOffset",
    });
  } catch (error) {
    throw new RekilnError({
      code: "time-zone-unknown",
      message: `There is no time zone ${JSON.stringify(timeZone)}.`,
      disposition: "discard",
      hint: 'Use an IANA name such as "Europe/Berlin", or leave it out for UTC.',
      cause: error,
    });
  }
  formats.set(timeZone, format);
  return format;
}

/** What a clock on the wall of a zone shows, down to the step. */
function shown(step: "hour" | "day", timeZone: string, seconds: number): string {
  const parts = formatOf(timeZone).formatToParts(seconds * 1000);
  const wanted = step === "day" ? ["year", "month", "day"] : ["year", "month", "day", "hour", "timeZoneName"];
  return parts
    .filter(({ type }) => wanted.includes(type))
    .map(({ value }) => value)
    .join("-");
}

/** The first second in `(low, high]` at which the zone's clock shows what it shows at `high`. */
function firstShowing(step: "hour" | "day", timeZone: string, low: number, high: number): number {
  const wanted = shown(step, timeZone, high);
  let before = low;
  let at = high;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (shown(step, timeZone, middle) === wanted) at = middle;
    else before = middle;
  }
  return at;
}

/**
 * The minute, hour or day of a zone in which `now` (Unix seconds) lies. A day with a change of daylight saving has 23
 * or 25 hours; an hour that the clock shows twice is two buckets.
 */
export function timeBucket(step: TimeStep, timeZone: string, now: number): TimeBucket {
  const second = Math.floor(now);
  // All zones of today are whole minutes away from UTC.
  const minute = Math.floor(second / 60) * 60;
  if (step === "minute") return { start: minute, end: minute + 60 };
  const reach = step === "day" ? DAY_SECONDS_MAX : 3600;
  const start = firstShowing(step, timeZone, second - reach, second);
  const here = shown(step, timeZone, second);
  let inside = second;
  let outside = second + reach;
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (shown(step, timeZone, middle) === here) inside = middle;
    else outside = middle;
  }
  return { start, end: outside };
}
