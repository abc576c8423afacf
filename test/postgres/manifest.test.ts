import { sharedPostgres } from "../support/shared-postgres.ts";
import { migrateTests } from "./fleet.ts";
import { manifestTests } from "./manifest.ts";

// One server for all of them: that they stand in one file is what shares it.
const started = sharedPostgres();

manifestTests(started);
migrateTests(started);
