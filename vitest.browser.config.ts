import { defineConfig } from "vitest/config";

import settings from "./vitest.config.ts";

/** The tests that want Debian's Chromium. */
export default defineConfig({ test: { ...settings.test, include: ["test/browser/**/*.test.ts"], exclude: [] } });
