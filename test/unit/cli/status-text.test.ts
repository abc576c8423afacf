import { expect, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import { durationText } from "../../../src/core/duration.ts";
import { RekilnError } from "../../../src/core/errors.ts";
import { statusData, statusLine, statusLines } from "../../../src/cli/status-text.ts";
import { screenOf } from "../../../src/cli/status-watch.ts";
import type { SiteStatus } from "../../../src/system/read-status.ts";

const at = Date.UTC(2026, 0, 1);
const lane = { waiting: 3, delayed: 1, inFlight: 2, dead: 1, oldestAgeSeconds: 75 };
const status: SiteStatus = {
  at,
  queue: { live: lane, bulk: { waiting: 0, delayed: 0, inFlight: 0, dead: 0, oldestAgeSeconds: undefined } },
  publisher: { state: "replay", spooled: 2, outage: undefined },
  pages: {
    published: 105_533,
    stale: { failed: 7, collided: 1, withheld: 0 },
    due: 4,
    oldestSince: at / 1000 - 7500,
  },
  stale: [
    {
      key: pageKey("film", "1", 1),
      error: "film/1: templates/film.eta:3: \u001B[31mno",
      stale: { kind: "failed", since: at / 1000 - 7500 },
    },
  ],
  source: { version: 12, complete: 9, pending: 3, needsBuild: false },
  routes: [
    { route: "film", epoch: 2, built: 2 },
    { route: "home", epoch: 3, built: 2 },
    { route: "new", epoch: undefined, built: undefined },
  ],
  sweep: {
    oldest: { film: at / 1000 - 90_000, home: at / 1000 - 60 },
    drift: { "event-lost": 3, "dependency-not-recorded": 0, "not-deterministic": 0, store: 1 },
    drifts: [{ key: pageKey("film", "2", 1), at: at / 1000 - 60, cause: "store", detail: "its file was missing" }],
  },
  deletes: { withheld: 120, inHour: 5, cap: 5276 },
};

test("a status says all there is to know, and sends no control characters of the data", () => {
  expect(statusLines(status)).toEqual([
    "queue",
    "  live: 3 waiting, 1 delayed, 2 in flight, 1 dead, oldest 1 min 15 s",
    "  bulk: 0 waiting, 0 in flight, 0 dead",
    "publisher",
    "  REPLAY: 2 changes wait in the outbox; a worker sends them, or who publishes next",
    "pages",
    "  105,533 published, 7 failed, 1 without a path of their own, 4 due, oldest stale for 2 h 5 min",
    "  film/1: templates/film.eta:3: \\u001b[31mno (failed for 2 h 5 min)",
    "  and 7 more",
    "source",
    "  version 12, the last complete build passed 9: 3 changed since",
    "routes",
    "  film: epoch 2",
    "  home: epoch 3, rendered whole at 2: a build is due",
    "  new: not registered yet",
    "sweep",
    "  every page verified within 25 h 0 min (film is the oldest)",
    "  drifted in 30 days",
    "    3: an event was lost",
    "    1: the store had lost it, or somebody changed it",
    "    film/2: the store had lost it, or somebody changed it: its file was missing (1 min 0 s ago)",
    "deletes",
    "  120 withheld (rekiln build --max-deletes 120), 5 of at most 5,276 by workers in the last hour",
  ]);
});

test.each([
  [{ state: "ok", spooled: 0, outage: undefined }, "OK: the queue has every change"],
  [{ state: "spool", spooled: 1, outage: undefined }, "SPOOL: the queue can't be used, 1 change waits in the outbox"],
  [
    { state: "interval", spooled: 1200, outage: { since: at - 3_600_000, until: at - 60_000 } },
    "INTERVAL: changes couldn't be stored, from 1 h 0 min to 1 min 0 s ago: workers and sweepers look for them ten minutes after the last; 1,200 changes wait in the outbox",
  ],
  [
    { state: "interval", spooled: 0, outage: { since: 0, until: 0 } },
    "INTERVAL: changes couldn't be stored: workers and sweepers look for them ten minutes after the last",
  ],
] as const)("publishing is said by its state: %o", (publisher, text) => {
  const lines = statusLines({ ...status, publisher });
  expect(lines[lines.indexOf("publisher") + 1]).toBe(`  ${text}`);
});

test("a queue that can't be asked leaves all else to be said", () => {
  const error = new RekilnError({
    code: "queue-io",
    message: "The queue is down.",
    hint: "Wait.",
    disposition: "retry",
  });
  const down = { ...status, queue: { error } };
  expect(statusLines(down).slice(0, 3)).toEqual(["queue", "  can't be asked: The queue is down. Wait.", "publisher"]);
  expect(statusData(down, 3)["queue"]).toEqual({ error: "The queue is down." });
});

test("in a log it is one line", () => {
  expect(statusLine(status)).toMatch(
    /^2026-01-01T00:00:00\.000Z; live: 3 waiting.*; bulk: 0 waiting.*; 105,533 published.*; 120 deletes withheld$/,
  );
});

test("on a terminal it replaces what stood there, and fits", () => {
  expect(screenOf(["a long line", "two", "three"], 6, 3)).toBe("\u001B[Ha long\u001B[K\ntwo\u001B[K\n\u001B[J");
});

test.each([
  [-3, "0 s"],
  [59.9, "59 s"],
  [60, "1 min 0 s"],
  [3599, "59 min 59 s"],
  [3600, "1 h 0 min"],
  [200_000, "2 d 7 h"],
])("%d seconds are %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
