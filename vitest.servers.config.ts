import { defineConfig } from "vitest/config";

import settings from "./vitest.config.ts";

/** The tests that want Debian's nginx and Caddy. */
export default defineConfig({ test: { ...settings.test, include: ["test/servers/**/*.test.ts"], exclude: [] } });
