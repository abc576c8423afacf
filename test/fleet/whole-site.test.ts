import { expect, test } from "vitest";

import { killWorkers } from "../kills/kill-workers.ts";
import type { KillBucket } from "../kills/kill-workers.ts";
import { makeLocalBucket } from "../localstack/local-bucket.ts";
import { StartedPostgres } from "../support/started-postgres.ts";

/** The same bucket for sites whose manifest is on a server. */
function withManifestOn(server: StartedPostgres, bucket: KillBucket): KillBucket {
  return {
    ...bucket,
    migrates: true,
    publishHere: (site) => {
      bucket.publishHere(site);
      site.edit("rekiln.config.ts", " s3, sqs,", " postgresManifest, s3, sqs,");
      const manifest = `manifest: postgresManifest({ url: ${JSON.stringify(server.url())} })`;
      site.edit("rekiln.config.ts", "store: s3(", `${manifest},\n  store: s3(`);
    },
  };
}

test("four workers and a publisher on S3, SQS and Postgres are killed, and the bucket ends up as a clean build", async () => {
  await using server = await StartedPostgres.start();
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
    bucket: withManifestOn(server, bucket),
  });
  process.stderr.write(`${JSON.stringify(figures)}\n`);
  expect(figures["pages"]).toBeGreaterThanOrEqual(2000);
}, 900_000);
