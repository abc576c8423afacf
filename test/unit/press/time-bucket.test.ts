import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { RekilnError } from "../../../src/core/errors.ts";
import { timeBucket } from "../../../src/press/time-bucket.ts";
import type { TimeStep } from "../../../src/press/time-bucket.ts";

const seconds = (time: string): number => Date.parse(time) / 1000;
const iso = (at: number): string => new Date(at * 1000).toISOString().slice(0, 19);

function bucketOf(step: TimeStep, zone: string, time: string): readonly [string, string] {
  const { start, end } = timeBucket(step, zone, seconds(time));
  return [iso(start), iso(end)];
}

describe("a day", () => {
  test.each([
    ["UTC", "2024-02-29T12:34:56Z", "2024-02-29T00:00:00", "2024-03-01T00:00:00"],
    ["UTC", "2023-02-28T23:59:59Z", "2023-02-28T00:00:00", "2023-03-01T00:00:00"],
    ["UTC", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-02T00:00:00"],
    // The clocks go forward at 2:00 and back at 3:00: days of 23 and 25 hours.
    ["Europe/Berlin", "2024-03-31T00:30:00Z", "2024-03-30T23:00:00", "2024-03-31T22:00:00"],
    ["Europe/Berlin", "2024-03-31T21:59:59Z", "2024-03-30T23:00:00", "2024-03-31T22:00:00"],
    ["Europe/Berlin", "2024-10-27T00:30:00Z", "2024-10-26T22:00:00", "2024-10-27T23:00:00"],
    ["Europe/Berlin", "2024-10-27T22:59:59Z", "2024-10-26T22:00:00", "2024-10-27T23:00:00"],
    ["Europe/Berlin", "2024-07-01T21:59:59Z", "2024-06-30T22:00:00", "2024-07-01T22:00:00"],
    ["Asia/Kolkata", "2024-01-01T18:30:00Z", "2024-01-01T18:30:00", "2024-01-02T18:30:00"],
    ["Asia/Kathmandu", "2024-01-01T00:00:00Z", "2023-12-31T18:15:00", "2024-01-01T18:15:00"],
    // There is no midnight on the day on which the clocks go forward: it begins at 1:00.
    ["America/Santiago", "2024-09-08T12:00:00Z", "2024-09-08T04:00:00", "2024-09-09T03:00:00"],
    ["America/Santiago", "2024-09-08T03:59:59Z", "2024-09-07T04:00:00", "2024-09-08T04:00:00"],
    // The last hour of the day on which they go back comes twice.
    ["America/Santiago", "2024-04-07T03:30:00Z", "2024-04-06T03:00:00", "2024-04-07T04:00:00"],
    ["America/Santiago", "2024-04-07T04:00:00Z", "2024-04-07T04:00:00", "2024-04-08T04:00:00"],
    ["America/Havana", "2024-11-03T05:30:00Z", "2024-11-03T04:00:00", "2024-11-04T05:00:00"],
    ["Pacific/Kiritimati", "2024-01-01T09:59:59Z", "2023-12-31T10:00:00", "2024-01-01T10:00:00"],
    ["Europe/Berlin", "1900-01-01T12:00:00Z", "1899-12-31T23:00:00", "1900-01-01T23:00:00"],
    ["Europe/Berlin", "9999-06-01T12:00:00Z", "9999-05-31T22:00:00", "9999-06-01T22:00:00"],
    ["UTC", "0001-01-01T12:00:00Z", "0001-01-01T00:00:00", "0001-01-02T00:00:00"],
  ])("in %s at %s begins at %s and ends at %s", (zone, time, start, end) => {
    expect(bucketOf("day", zone, time)).toEqual([start, end]);
  });
});

describe("an hour", () => {
  test.each([
    ["UTC", "2024-02-29T23:59:59Z", "2024-02-29T23:00:00", "2024-03-01T00:00:00"],
    ["Asia/Kolkata", "2024-01-01T00:00:00Z", "2023-12-31T23:30:00", "2024-01-01T00:30:00"],
    ["Asia/Kathmandu", "2024-01-01T00:00:00Z", "2023-12-31T23:15:00", "2024-01-01T00:15:00"],
    ["Europe/Berlin", "2024-03-31T01:30:00Z", "2024-03-31T01:00:00", "2024-03-31T02:00:00"],
    // The clock shows 2:00 to 3:00 twice: two hours.
    ["Europe/Berlin", "2024-10-27T00:30:00Z", "2024-10-27T00:00:00", "2024-10-27T01:00:00"],
    ["Europe/Berlin", "2024-10-27T00:59:59Z", "2024-10-27T00:00:00", "2024-10-27T01:00:00"],
    ["Europe/Berlin", "2024-10-27T01:00:00Z", "2024-10-27T01:00:00", "2024-10-27T02:00:00"],
    ["Europe/Berlin", "2024-10-27T01:30:00Z", "2024-10-27T01:00:00", "2024-10-27T02:00:00"],
    ["America/Santiago", "2024-04-07T02:30:00Z", "2024-04-07T02:00:00", "2024-04-07T03:00:00"],
    ["America/Santiago", "2024-04-07T03:30:00Z", "2024-04-07T03:00:00", "2024-04-07T04:00:00"],
    ["America/Santiago", "2024-09-08T04:30:00Z", "2024-09-08T04:00:00", "2024-09-08T05:00:00"],
  ])("in %s at %s begins at %s and ends at %s", (zone, time, start, end) => {
    expect(bucketOf("hour", zone, time)).toEqual([start, end]);
  });
});

test.each([
  ["UTC", "2024-02-29T23:59:59Z", "2024-02-29T23:59:00", "2024-03-01T00:00:00"],
  ["Asia/Kolkata", "2024-02-29T23:59:00Z", "2024-02-29T23:59:00", "2024-03-01T00:00:00"],
  ["UTC", "1969-12-31T23:59:30Z", "1969-12-31T23:59:00", "1970-01-01T00:00:00"],
])("a minute in %s at %s begins at %s and ends at %s", (zone, time, start, end) => {
  expect(bucketOf("minute", zone, time)).toEqual([start, end]);
});

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "Europe/London",
  "America/Santiago",
  "America/New_York",
  "America/Havana",
  "America/Nuuk",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Asia/Beirut",
  "Australia/Lord_Howe",
  "Pacific/Chatham",
  "Pacific/Apia",
  "Pacific/Kiritimati",
  "Africa/Casablanca",
];
/** Seconds at which a zone's clocks change, found by comparing the offsets that its clock shows hour by hour. */
function changesOf(zone: string, year: number): readonly number[] {
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  const offset = (at: number): string =>
    format.formatToParts(at * 1000).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const found: number[] = [];
  const first = Date.UTC(year, 0, 1) / 1000;
  for (let at = first; at < first + 366 * 86_400; at += 3600)
    if (offset(at) !== offset(at + 3600)) found.push(at + 3600);
  return found;
}
const CHANGES = ZONES.flatMap((zone) => changesOf(zone, 2024).map((at) => ({ zone, at })));

const moment = fc.oneof(
  fc.record({ zone: fc.constantFrom(...ZONES), at: fc.integer({ min: 0, max: seconds("2200-01-01T00:00:00Z") }) }),
  // Around every change of the clocks in a year, where buckets are most likely to be wrong.
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -2 * 86_400, max: 2 * 86_400 }))
    .map(([{ zone, at }, off]) => ({ zone, at: at + off })),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -2 * 3600, max: 2 * 3600 }))
    .map(([{ zone, at }, off]) => ({ zone, at: at + off })),
);

describe.each(["minute", "hour", "day"] as const)("buckets of a %s", (step) => {
  test("hold the moment that they were asked for", () => {
    fc.assert(
      fc.property(moment, ({ zone, at }) => {
        const { start, end } = timeBucket(step, zone, at);
        expect(start).toBeLessThanOrEqual(at);
        expect(end).toBeGreaterThan(at);
      }),
      { numRuns: 1000 },
    );
  });

  test("lie side by side: each moment of one gives the same, and the next begins where it ends", () => {
    fc.assert(
      fc.property(moment, fc.double({ min: 0, max: 1, noNaN: true }), ({ zone, at }, share) => {
        const bucket = timeBucket(step, zone, at);
        const inside = bucket.start + Math.floor((bucket.end - 1 - bucket.start) * share);
        expect(timeBucket(step, zone, inside)).toEqual(bucket);
        expect(timeBucket(step, zone, bucket.end).start).toBe(bucket.end);
        expect(timeBucket(step, zone, bucket.start - 1).end).toBe(bucket.start);
      }),
      { numRuns: 500 },
    );
  });
});

test("an unknown zone is refused by name", () => {
  expect(() => timeBucket("day", "Europe/Atlantis", 0)).toThrow(RekilnError);
  expect(() => timeBucket("day", "Europe/Atlantis", 0)).toThrow('There is no time zone "Europe/Atlantis".');
});
