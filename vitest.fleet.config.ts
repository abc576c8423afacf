import { defineConfig } from "vitest/config";

import settings from "./vitest.localstack.config.ts";

export default defineConfig({ test: { ...settings.test, include: ["test/fleet/**/*.test.ts"] } });
