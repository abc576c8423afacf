import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/localstack/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    // Configs are loaded by Node itself, whose hooks record their modules.
    experimental: { viteModuleRunner: false },
  },
});
