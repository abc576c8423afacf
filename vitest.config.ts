import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/kills/**", "test/localstack/**", "test/servers/**"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Configs are loaded by Node itself, whose hooks record their modules.
    experimental: { viteModuleRunner: false },
  },
});
