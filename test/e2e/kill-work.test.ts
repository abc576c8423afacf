import { expect, test } from "vitest";

import { killWorkers } from "../kills/kill-workers.ts";

test("workers that are killed lose nothing, and no reader sees it", { timeout: 180_000 }, async () => {
  const figures = await killWorkers({
    films: 500,
    edits: 300,
    workers: 4,
    kills: 5,
    killEveryMs: 800,
    pauseMs: 30,
    isHurried: true,
    say: () => undefined,
  });
  expect(figures["workersKilled"]).toBeGreaterThanOrEqual(5);
});
