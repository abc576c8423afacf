import { RekilnError } from "../core/errors.ts";

const DATE = /^(?!0000)\d{4}-\d\d-\d\d/;
const TIME =
  /^T(?:[01]\d|2[0-3]):[0-5]\d(?<seconds>:[0-5]\d(?:\.\d{1,9})?)?(?<zone>Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/;

/** Whether a text that looks like a date is in the calendar: February has no 30th. */
function isInCalendar(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

/** Names what was given, for people. */
function describe(given: unknown): string {
  if (typeof given === "string") return JSON.stringify(given.length <= 60 ? given : `${given.slice(0, 60)}…`);
  return given === null ? "null" : given instanceof Date ? "a Date" : typeof given;
}

/**
 * A sitemap's `lastmod` of what the function at `path` in the config gave: an ISO date, a date-time with seconds and
 * time zone (which is what XML Schema and W3C-DTF both take), or undefined. A date-time without seconds gets them.
 * @throws RekilnError `updated-no-date` when it gave anything else
 */
export function lastmodOf(path: string, given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && DATE.test(given) && isInCalendar(given.slice(0, 10))) {
    const rest = given.slice(10);
    if (rest === "") return given;
    const groups = TIME.exec(rest)?.groups;
    if (groups !== undefined)
      return groups["seconds"] === undefined ? given.replace(/(?=Z|[+-]\d\d:\d\d$)/, ":00") : given;
  }
  throw new RekilnError({
    code: "updated-no-date",
    message: `${path} returned ${describe(given)}, which is no ISO date.`,
    disposition: "discard",
    hint: 'Return a date ("2024-05-01"), a date-time with its time zone ("2024-05-01T12:00:00Z"), or undefined; updated can\'t be async.',
  });
}
