import { join } from "node:path";

import { defineConfig } from "vitest/config";

/** Takes long, and changes seldom: `npm run test:long`. A part of each kind stays: kills, stops and full disks are in other files too. */
export const LONG = [
  "test/e2e/interrupt.test.ts",
  "test/e2e/kill-cold.test.ts",
  "test/e2e/kill-edits.test.ts",
  "test/e2e/kill-fleet-build.test.ts",
  "test/e2e/kill-objects.test.ts",
  "test/e2e/kill-put.test.ts",
  "test/e2e/kill-static.test.ts",
  "test/e2e/objects-long.test.ts",
  "test/e2e/readers.test.ts",
  "test/e2e/snapshot-memory.test.ts",
  "test/e2e/work-failures.test.ts",
  "test/e2e/work-stop.test.ts",
  "test/integration/disk-full.test.ts",
  "test/postgres/fleet-site.test.ts",
  "test/sim/planted-bugs.test.ts",
];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/fleet/**", "test/kills/**", "test/localstack/**", "test/servers/**", ...LONG],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Much of the time is waited for processes, and for their disk.
    maxWorkers: 3,
    // Hundreds of these processes load the same code.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
    // Configs are loaded by Node itself, whose hooks record their modules.
    experimental: { viteModuleRunner: false },
  },
});
