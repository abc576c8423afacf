import { workerData } from "node:worker_threads";

import type { PageKey } from "../../src/core/page.ts";
import { PostgresManifest } from "../../src/manifest/postgres-manifest.ts";
import type { SiteAddress } from "../../src/manifest/postgres-site.ts";
import { BlockingPostgres } from "../../src/system/blocking-postgres.ts";
import { countUp } from "../contract/count-up.ts";

/** What a thread is told: where the manifest is, and how often to count up which page. */
export interface CountData {
  readonly url: string;
  readonly address: SiteAddress;
  readonly key: PageKey;
  readonly times: number;
}

// The test gives no other data.
const { url, address, key, times } = workerData as CountData;
using manifest = new PostgresManifest(new BlockingPostgres(url), address);
for (let n = 0; n < times; n++) countUp(manifest, key);
