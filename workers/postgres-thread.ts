import { runPostgresThread } from "../src/system/postgres-thread.ts";

await runPostgresThread();
