import { workerData } from "node:worker_threads";

import type { PageKey } from "../../src/core/page.ts";
import { SqliteManifest } from "../../src/manifest/sqlite-manifest.ts";
import { countUp } from "./count-up.ts";

/** What a thread is told: where the manifest is, and how often to count up which page. */
export interface CountData {
  readonly file: string;
  readonly key: PageKey;
  readonly times: number;
}

// The test gives no other data.
const { file, key, times } = workerData as CountData;
using manifest = new SqliteManifest(file);
for (let n = 0; n < times; n++) countUp(manifest, key);
