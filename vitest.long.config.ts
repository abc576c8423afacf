import { defineConfig } from "vitest/config";

import settings, { LONG } from "./vitest.config.ts";

export default defineConfig({ test: { ...settings.test, include: LONG, exclude: [] } });
