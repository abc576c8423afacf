import { expect, test } from "vitest";

import { killWorkers } from "./kill-workers.ts";

test("10,000 edits of a site of 20,000 pages survive 100 killed workers", { timeout: 1_800_000 }, async () => {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const figures = await killWorkers({
    films: 19_000,
    edits: 10_000,
    workers: 4,
    kills: 100,
    killEveryMs: 2000,
    pauseMs: 80,
    isHurried: false,
    say,
  });
  say(JSON.stringify(figures));
  expect(figures["workersKilled"]).toBeGreaterThanOrEqual(100);
});
