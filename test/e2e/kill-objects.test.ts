import { expect, test } from "vitest";

import { killWorkers } from "../kills/kill-workers.ts";
import { ObjectSite } from "./object-site.ts";

test("workers that publish to a bucket are killed, and it ends up as a clean build", { timeout: 240_000 }, async () => {
  const store = await ObjectSite.start();
  const figures = await killWorkers({
    films: 300,
    edits: 300,
    workers: 4,
    kills: 8,
    killEveryMs: 1500,
    pauseMs: 30,
    isHurried: true,
    say: () => undefined,
    bucket: { publishHere: store.publishHere, pages: async () => store.pages() },
  });
  expect(figures["workersKilled"]).toBeGreaterThanOrEqual(8);
});
