import { sharedPostgres } from "../support/shared-postgres.ts";
import { fleetTests } from "./fleet.ts";

// One server for all of them: that they stand in one file is what shares it.
const started = sharedPostgres();

fleetTests(started);
