import { afterAll, beforeAll } from "vitest";

import { StartedPostgres } from "../support/started-postgres.ts";
import { migrateTests } from "./fleet.ts";
import { manifestTests } from "./manifest.ts";

// One server for all of them: that they stand in one file is what shares it.
let server: StartedPostgres | undefined;
const started = (): StartedPostgres => {
  if (server === undefined) throw new Error("asked for before the tests began");
  return server;
};

beforeAll(async () => {
  server = await StartedPostgres.start();
});
afterAll(async () => server?.[Symbol.asyncDispose]());

manifestTests(started);
migrateTests(started);
