import { describe, expect, test } from "vitest";

import { RekilnError } from "../../src/core/errors.ts";
import { PASSWORD } from "../support/started-postgres.ts";
import type { StartedPostgres } from "../support/started-postgres.ts";
import { Films, filmsOf, refresh } from "./films.ts";
import type { TestDatabase } from "./test-database.ts";

/** All that somebody may come to see of an error. */
function shown(error: unknown): string {
  if (!(error instanceof RekilnError)) throw error;
  return `${JSON.stringify(error)} ${error.message} ${error.hint ?? ""} ${String(error.stack)} ${String(error.cause)}`;
}

export function outageTests(server: () => StartedPostgres, database: () => TestDatabase): void {
  const failing = async (films: Films, url: string): Promise<unknown> => {
    const source = films.open(undefined, { address: { url, timeoutSeconds: 5 } });
    try {
      await refresh(source);
    } catch (error) {
      expect(filmsOf(source)).toHaveLength(2);
      return error;
    }
    throw new Error("it was read");
  };

  describe("a Postgres that can't be read", () => {
    test("deletes nothing, says why, and never the password", async () => {
      const films = await Films.make(database());
      await refresh(films.open());
      const encoded = encodeURIComponent(PASSWORD);
      const wrong = server().url("", "wrong-öne");
      const cases: readonly (readonly [url: string, message: RegExp, disposition: string])[] = [
        [wrong, /password authentication failed for user "films"/, "fatal"],
        [server().url().replace("/postgres", "/nosuch"), /database "nosuch" does not exist/, "fatal"],
        [server().url().replace(`:${server().port}/`, ":1/"), /ECONNREFUSED/, "retry"],
        [server().url().replace("127.0.0.1", "no-such-host.invalid"), /no-such-host\.invalid/, "retry"],
        [`postgres://films:${encoded}@127.0.0.1:port/x`, /can't be read/, "fatal"],
      ];
      for (const [url, message, disposition] of cases) {
        const error = await failing(films, url);
        expect(error, url).toMatchObject({ code: "source-unreachable", disposition });
        expect((error as Error).message).toMatch(message);
        expect(shown(error)).not.toMatch(/s%C3%B6|söcr|wrong-|4\/you|4%2Fyou/);
      }
    });

    test("is read through its socket as well, with what PGHOST and the like say", async () => {
      const films = await Films.make(database());
      const environment = {
        PGHOST: server().socketFolder,
        PGPORT: String(server().port),
        PGUSER: "films",
        PGPASSWORD: PASSWORD,
        PGDATABASE: "postgres",
        PGOPTIONS: new URL(films.database.url).searchParams.get("options") ?? "",
        DATABASE_URL: "",
      };
      const before = { ...process.env };
      Object.assign(process.env, environment);
      try {
        const source = films.open(undefined, { address: { url: undefined, timeoutSeconds: 5 } });
        expect(await refresh(source)).toMatchObject({ inserted: 2 });
        process.env["PGPORT"] = "1";
        process.env["DATABASE_URL"] = films.database.url;
        expect(await refresh(source)).toMatchObject({ records: 2 });
      } finally {
        for (const name of Object.keys(environment)) {
          if (before[name] === undefined) delete process.env[name];
          else process.env[name] = before[name];
        }
      }
    });

    test("breaks off in the middle, and nothing of it is taken in", async () => {
      const films = await Films.make(database());
      const source = films.open();
      await refresh(source);
      await films.database.run("insert into film select n, 'Film', 1 from generate_series(3, 20000) as n");
      const kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rekiln'";
      const beside = await films.database.beside();
      let killed: Promise<unknown> | undefined;
      const reading = source.refresh(() => void (killed ??= beside.query(kill)), new AbortController().signal);
      await expect(reading).rejects.toMatchObject({ code: "source-unreachable", disposition: "retry" });
      await killed;
      expect(filmsOf(source)).toHaveLength(2);
      expect(await refresh(source)).toMatchObject({ inserted: 19_998 });
    });
  });
}
