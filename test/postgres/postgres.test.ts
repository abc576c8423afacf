import { sharedPostgres } from "../support/shared-postgres.ts";
import { captureTests } from "./capture.ts";
import { columnTests } from "./columns.ts";
import { commandTests } from "./commands.ts";
import { contractTests } from "./contract.ts";
import { outageTests } from "./outages.ts";
import { queryTests } from "./queries.ts";
import { TestDatabase } from "./test-database.ts";

// One server for all of them: that they stand in one file is what shares it.
const started = sharedPostgres();
const database = (): TestDatabase => new TestDatabase(started());

contractTests(database);
columnTests(database);
queryTests(database);
captureTests(database);
outageTests(started, database);
commandTests(started, database);
