import { expect, test } from "vitest";

import { ClockSite } from "../support/clock-site.ts";

test("while the disk fails, work pauses longer each time, spends no message and deletes nothing; then it goes on by itself", async () => {
  const site = new ClockSite("2026-03-01T08:00:00Z");
  await site.put({ id: "a" }, { id: "b" });
  await site.build();
  await site.put({ id: "c" });
  await site.delete("a");
  site.diskFailures = 12;
  site.timePasses = true;
  const from = site.nowMs;
  await site.work();
  expect(site.warnings.length).toBeGreaterThanOrEqual(12);
  expect(site.warnings[0]).toBe("disk I/O error. Make room on the disk, or check it. Work goes on in 1 s.");
  // 1, 2, 4, 8, 16, 32 seconds, and then a minute each time.
  expect(site.nowMs - from).toBeGreaterThan(5 * 60_000);
  expect(await site.depth()).toEqual({ left: 0, dead: 0 });
  expect(site.page("list.json")).toEqual({ ids: ["b", "c"] });
  expect(site.page("items/a.json")).toBeUndefined();
});
