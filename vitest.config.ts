import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/kills/**", "test/localstack/**", "test/servers/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Most of the time is waited for processes.
    maxWorkers: 2,
    // Configs are loaded by Node itself, whose hooks record their modules.
    experimental: { viteModuleRunner: false },
  },
});
