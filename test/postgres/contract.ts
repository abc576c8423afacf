import { onTestFinished } from "vitest";
import { z } from "zod";

import type { EntityData } from "../../src/core/entity.ts";
import { PostgresSource } from "../../src/source/postgres-source.ts";
import { sourceContract } from "../contract/source-contract.ts";
import type { Index, SourceHarness } from "../contract/source-under-test.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import type { TestDatabase } from "./test-database.ts";

/** Reads when everything that was put is in the database. */
class SourceOfPut extends PostgresSource {
  written: () => Promise<void> = async () => undefined;

  protected override async open(signal: AbortSignal) {
    await this.written();
    return super.open(signal);
  }
}

/** A database in which a record is one column, so that it may be anything. */
function harnessIn(folder: string, database: TestDatabase, index: Index): SourceHarness {
  const schema = z.object({ record: z.any() }).transform(({ record }) => record as EntityData);
  const models = new Map(Object.entries(index).map(([name, fields]) => [name, { name, schema, index: fields }]));
  const queries = new Map(
    Object.keys(index).map((type) => [type, { sql: `select id, record from ${type} order by place` }]),
  );
  const source = new SourceOfPut(database.options(folder, models, queries));
  onTestFinished(() => {
    try {
      source[Symbol.dispose]();
    } catch {
      // The test has closed it already.
    }
  });
  const wanted = new Map<string, readonly unknown[]>(Object.keys(index).map((type) => [type, []]));
  let hasTables = false;
  source.written = async () => {
    if (!hasTables) {
      // Whatever is JSON can be stored, half a character too.
      for (const type of wanted.keys())
        await database.run(`create table if not exists ${type} (place serial, id text, record json)`);
      hasTables = true;
    }
    for (const [type, records] of wanted) {
      if (records === undefined) continue;
      await database.run(`delete from ${type}`);
      // Postgres has no text with the character 0.
      const named = z.object({ id: z.string().refine((id) => id.isWellFormed() && !id.includes("\0")) });
      const ids = records.map((record) => named.safeParse(record).data?.id ?? null);
      await database.rows(`insert into ${type} (id, record) select * from unnest($1::text[], $2::json[])`, [
        ids,
        records.map((record) => JSON.stringify(record)),
      ]);
      wanted.delete(type);
    }
  };
  return {
    source,
    put: (type, records) => void wanted.set(type, records),
    takeIn: async () => source.refresh(() => undefined, new AbortController().signal),
    reopen: (other) => {
      source[Symbol.dispose]();
      return harnessIn(folder, database, other);
    },
  };
}

export function contractTests(database: () => TestDatabase): void {
  sourceContract("postgres", (index) => harnessIn(temporaryFolder(), database(), index), "mirror");
}
