import { bad, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import { RekilnError } from "../core/errors.ts";
import { PostgresRecords } from "./postgres-query.ts";
import { PostgresSession } from "./postgres-session.ts";
import type { PostgresAddress } from "./postgres-session.ts";

/** Looks whether a database answers, and every query runs: none of its rows is read. */
export async function inspectPostgres(
  address: PostgresAddress,
  queries: ReadonlyMap<string, { readonly sql: string }>,
): Promise<readonly Finding[]> {
  try {
    await using session = await PostgresSession.connect(address, new AbortController().signal);
    const findings: Finding[] = [];
    for (const [type, { sql }] of queries) {
      await session.begin();
      try {
        await new PostgresRecords(session, { type, sql }).some([]);
      } catch (error) {
        findings.push(badOf(error));
      } finally {
        await session.end();
      }
    }
    return findings.length > 0 ? findings : [good("source", `the database ${session.name} answers every query`)];
  } catch (error) {
    return [badOf(error)];
  }
}

function badOf(error: unknown): Finding {
  if (!(error instanceof RekilnError)) throw error;
  return bad("source", error.message, error.hint ?? "");
}
