import { defineConfig } from "vitest/config";

import settings from "./vitest.config.ts";

/** Long: many random histories, and the proof that they find bugs planted into the machine. */
export default defineConfig({ test: { ...settings.test, include: ["test/property/**/*.test.ts"], exclude: [] } });
