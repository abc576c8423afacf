import { expect, test } from "vitest";

import { killWorkers } from "../kills/kill-workers.ts";
import { makeLocalBucket } from "../localstack/local-bucket.ts";

test("four workers and a publisher on S3 and SQS are killed, and the bucket ends up as a clean build", async () => {
  using bucket = await makeLocalBucket();
  const figures = await killWorkers({
    films: 1900,
    edits: 500,
    workers: 4,
    kills: 12,
    killEveryMs: 4000,
    pauseMs: 20,
    isHurried: false,
    say: (line) => void process.stderr.write(`${line}\n`),
    bucket,
  });
  process.stderr.write(`${JSON.stringify(figures)}\n`);
  expect(figures["pages"]).toBeGreaterThanOrEqual(2000);
}, 900_000);
