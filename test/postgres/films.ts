import { z } from "zod";

import type { EntityData } from "../../src/core/entity.ts";
import { unchecked } from "../../src/site/entities.ts";
import type { PostgresSource, PostgresSourceOptions } from "../../src/source/postgres-source.ts";
import type { RefreshReport } from "../../src/source/source.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { openSource } from "./test-database.ts";
import type { TestDatabase } from "./test-database.ts";

type Options = Partial<PostgresSourceOptions>;

/** A database with a table of films, and a site's state beside it. */
export class Films {
  readonly database: TestDatabase;
  readonly folder = temporaryFolder();

  constructor(database: TestDatabase) {
    this.database = database;
  }

  /** With two films. */
  static async make(database: TestDatabase): Promise<Films> {
    await database.run(`
      create table film (id integer primary key, title text not null, year integer);
      insert into film values (1, 'Metropolis', 1927), (2, 'Nosferatu', 1922)`);
    return new Films(database);
  }

  options(sql = "select id, title, year from film"): PostgresSourceOptions {
    const models = new Map([["film", { name: "film", schema: unchecked(), index: ["year"] }]]);
    return this.database.options(this.folder, models, new Map([["film", { sql }]]));
  }

  open(sql?: string, options: Options = {}): PostgresSource {
    return openSource({ ...this.options(sql), ...options });
  }
}

/** The schema of a film whose title isn't empty. */
export const titled = z.object({ id: z.string(), title: z.string().min(1), year: z.number().nullable() });

export async function refresh(source: PostgresSource): Promise<RefreshReport> {
  return source.refresh(() => undefined, new AbortController().signal);
}

export function filmsOf(source: PostgresSource): readonly EntityData[] {
  using reader = source.reader();
  const snapshot = reader.snapshot();
  return snapshot.ids("film", undefined, 1000).map((id) => snapshot.get("film", id)?.data ?? { id: "none" });
}
