import { expect, test } from "vitest";

import { loseEvents } from "./lost-events.ts";

const SEEDS = Number(process.env["REKILN_LOST_EVENTS_SEEDS"] ?? 3);

test("no page is older than a period and a tick, though every event is lost for ten periods", async () => {
  let drifts = 0;
  let kills = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await loseEvents({
      seed,
      periodSeconds: 3600,
      periods: 10,
      sweepers: 1 + (seed % 3),
      kill: seed % 2 === 0 ? 0.01 : 0,
    });
    expect(result.violation, `seed ${seed}`).toBeUndefined();
    drifts += result.drifts;
    kills += result.kills;
  }
  expect(drifts).toBeGreaterThan(SEEDS * 5);
  expect(kills).toBeGreaterThan(0);
}, 120_000);
