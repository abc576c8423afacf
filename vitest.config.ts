import { join } from "node:path";

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/kills/**", "test/localstack/**", "test/servers/**"],
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
