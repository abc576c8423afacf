import { describe, expect, test } from "vitest";

import { ClockSite } from "../support/clock-site.ts";

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

describe("an entity with times", () => {
  test("exists only between them: its page and the list follow within a minute of each", async () => {
    const site = new ClockSite("2026-03-01T08:00:00Z");
    const times = { published: "2026-03-01T10:00:00+01:00", expires: "2026-03-01T11:30:00Z" };
    await site.put({ id: "always" }, { id: "timed", ...times }, { id: "over", expires: "2026-02-01" });
    await site.build();
    expect(site.page("list.json")).toEqual({ ids: ["always"] });
    expect(site.page("items/timed.json")).toBeUndefined();

    site.nowMs = Date.parse("2026-03-01T08:59:59Z");
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["always"] });
    site.nowMs += MINUTE_MS;
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["always", "timed"] });
    expect(site.page("items/timed.json")).toBeDefined();

    site.nowMs = Date.parse("2026-03-01T11:30:30Z");
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["always"] });
    expect(site.page("items/timed.json")).toBeUndefined();
    expect(site.page("items/over.json")).toBeUndefined();
  });

  test("whose time came while nothing ran exists for what is left of it, be that a few minutes", async () => {
    const site = new ClockSite("2026-03-01T08:00:00Z");
    await site.put({ id: "timed", published: "2026-03-01T09:00:00Z", expires: "2026-03-01T12:00:00Z" });
    await site.build();
    site.nowMs = Date.parse("2026-03-01T11:55:00Z");
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["timed"] });
    site.nowMs = Date.parse("2026-03-01T12:00:01Z");
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: [] });
    // Its end was no mistake of a clock's: one that is ten minutes late doesn't bring it back.
    await site.work(-10 * MINUTE_MS);
    expect(site.page("list.json")).toEqual({ ids: [] });
  });

  test("can be changed and deleted while it isn't there", async () => {
    const site = new ClockSite("2026-03-01T08:00:00Z");
    await site.put({ id: "a", published: "2026-04-01" }, { id: "b", published: "2026-04-01" });
    await site.build();
    expect(await site.patch("a", { published: "2026-03-02" })).toBe("updated");
    await site.delete("b");
    site.nowMs = Date.parse("2026-03-02T00:00:10Z");
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["a"] });
    site.nowMs = Date.parse("2026-04-02T00:00:00Z");
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["a"] });
    expect(await site.patch("a", { published: "2027-01-01" })).toBe("updated");
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: [] });
  });

  test("doesn't come and go with machines whose clocks are ten minutes apart", async () => {
    const site = new ClockSite("2026-03-01T08:55:00Z");
    await site.put({ id: "timed", published: "2026-03-01T09:00:00Z", expires: "2026-03-01T12:00:00Z" });
    await site.build();
    await site.work(10 * MINUTE_MS);
    expect(site.page("list.json")).toEqual({ ids: ["timed"] });
    await site.work(0);
    await site.work(-10 * MINUTE_MS);
    expect(site.page("list.json")).toEqual({ ids: ["timed"] });
    site.nowMs = Date.parse("2026-03-01T11:55:00Z");
    await site.work(10 * MINUTE_MS);
    expect(site.page("list.json")).toEqual({ ids: [] });
    await site.work(-10 * MINUTE_MS);
    expect(site.page("list.json")).toEqual({ ids: [] });
  });

  test("that a clock a year ahead brought, or took, too early is put right by the next right one", async () => {
    const site = new ClockSite("2026-03-01T08:00:00Z");
    await site.put({ id: "early", published: "2026-06-01" }, { id: "late", expires: "2026-06-01" });
    await site.build();
    await site.work(YEAR_MS);
    expect(site.page("list.json")).toEqual({ ids: ["early"] });
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["late"] });
    expect(site.page("items/early.json")).toBeUndefined();
    await site.work(-YEAR_MS);
    await site.work();
    expect(site.page("list.json")).toEqual({ ids: ["late"] });
  });
});

describe("a page that reads the day", () => {
  const day = (site: ClockSite, zone: string): string => (site.page(`${zone}.json`) as { readonly day: string }).day;

  test.each([
    ["midnight", "utc", "2026-07-01T23:59:50Z", "2026-07-01T00:00:00.000Z", "2026-07-02T00:00:00.000Z"],
    ["the end of a leap day", "utc", "2028-02-29T23:59:50Z", "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
    [
      "the day before a leap day",
      "utc",
      "2028-02-28T23:59:50Z",
      "2028-02-28T00:00:00.000Z",
      "2028-02-29T00:00:00.000Z",
    ],
    [
      "the night the clocks go forward",
      "europe-berlin",
      "2026-03-28T22:59:50Z",
      "2026-03-27T23:00:00.000Z",
      "2026-03-28T23:00:00.000Z",
    ],
    [
      "a day of 23 hours",
      "europe-berlin",
      "2026-03-29T21:59:50Z",
      "2026-03-28T23:00:00.000Z",
      "2026-03-29T22:00:00.000Z",
    ],
    [
      "a day of 25 hours",
      "europe-berlin",
      "2026-10-25T22:59:50Z",
      "2026-10-24T22:00:00.000Z",
      "2026-10-25T23:00:00.000Z",
    ],
    [
      "a day without a midnight",
      "america-santiago",
      "2026-09-06T03:59:50Z",
      "2026-09-05T04:00:00.000Z",
      "2026-09-06T04:00:00.000Z",
    ],
    [
      "the end of a year",
      "america-santiago",
      "2027-01-01T02:59:50Z",
      "2026-12-31T03:00:00.000Z",
      "2027-01-01T03:00:00.000Z",
    ],
  ])("changes within a minute of %s", async (_, zone, at, before, after) => {
    const site = new ClockSite(at);
    await site.build();
    expect(day(site, zone)).toBe(before);
    site.nowMs += 9000;
    await site.work();
    expect(day(site, zone)).toBe(before);
    site.nowMs += 30_000;
    await site.work();
    expect(day(site, zone)).toBe(after);
  });

  test("isn't put back by a machine that is ten minutes late, and not held back by one that is a year ahead", async () => {
    const site = new ClockSite("2026-07-01T23:55:00Z");
    await site.build();
    await site.work(10 * MINUTE_MS);
    expect(day(site, "utc")).toBe("2026-07-02T00:00:00.000Z");
    await site.work();
    await site.build();
    expect(day(site, "utc")).toBe("2026-07-02T00:00:00.000Z");
    await site.work(YEAR_MS);
    expect(day(site, "utc")).toBe("2027-07-01T00:00:00.000Z");
    await site.work();
    expect(day(site, "utc")).toBe("2026-07-01T00:00:00.000Z");
  });
});

test("a page says another thing once the time has come that it read", async () => {
  const site = new ClockSite("2026-03-01T08:00:00Z", "2026-03-01T10:00:00+01:00");
  await site.build();
  expect(site.page("sale.json")).toEqual({ on: true });
  site.nowMs = Date.parse("2026-03-01T09:00:20Z");
  await site.work();
  expect(site.page("sale.json")).toEqual({ on: false });
  const stamp = site.stampOf("sale.json");
  expect(stamp?.time).toBe(Date.parse("2026-03-01T09:00:00Z") / 1000);
  await site.work();
  expect(site.stampOf("sale.json")).toEqual(stamp);
});
