import { afterAll, beforeAll } from "vitest";

import { StartedPostgres } from "./started-postgres.ts";

/** One server for all tests of a file. */
export function sharedPostgres(): () => StartedPostgres {
  let server: StartedPostgres | undefined;
  beforeAll(async () => {
    server = await StartedPostgres.start();
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());
  return () => {
    if (server === undefined) throw new Error("asked for before the tests began");
    return server;
  };
}
