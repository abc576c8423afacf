import { defineConfig } from "vitest/config";

import settings from "./vitest.config.ts";

/** Takes minutes: real processes over a large site, a hundred of them killed. */
export default defineConfig({
  test: { ...settings.test, include: ["test/kills/**/*.test.ts", "test/e2e/kill-*.test.ts"], exclude: [] },
});
