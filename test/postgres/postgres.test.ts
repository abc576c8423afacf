import { afterAll, beforeAll } from "vitest";

import { StartedPostgres } from "../support/started-postgres.ts";
import { captureTests } from "./capture.ts";
import { columnTests } from "./columns.ts";
import { commandTests } from "./commands.ts";
import { contractTests } from "./contract.ts";
import { outageTests } from "./outages.ts";
import { queryTests } from "./queries.ts";
import { TestDatabase } from "./test-database.ts";

// One server for all of them: that they stand in one file is what shares it.
let server: StartedPostgres | undefined;
const started = (): StartedPostgres => {
  if (server === undefined) throw new Error("asked for before the tests began");
  return server;
};
const database = (): TestDatabase => new TestDatabase(started());

beforeAll(async () => {
  server = await StartedPostgres.start();
});
afterAll(async () => server?.[Symbol.asyncDispose]());

contractTests(database);
columnTests(database);
queryTests(database);
captureTests(database);
outageTests(started, database);
commandTests(started, database);
