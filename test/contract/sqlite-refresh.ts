/** Takes a database of films in, as another process: `sqlite-refresh.ts <folder>`. Says when it begins. */
import { join } from "node:path";

import { unchecked } from "../../src/site/entities.ts";
import { SqliteSource } from "../../src/source/sqlite-source.ts";

const [, , folder = ""] = process.argv;
using source = new SqliteSource({
  file: join(folder, "films.db"),
  name: "films.db",
  mirror: join(folder, "entities.db"),
  models: new Map([["film", { name: "film", schema: unchecked(), index: [] }]]),
  queries: new Map([["film", { sql: "select id, year from film", json: [] }]]),
  fingerprint: "1",
  firstVersion: 0,
});
process.stdout.write("begins\n");
await source.refresh(() => undefined, new AbortController().signal);
