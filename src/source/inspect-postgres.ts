import { bad, doubtful, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import { RekilnError } from "../core/errors.ts";
import { captureStatus } from "./postgres-catalog.ts";
import type { CaptureTable } from "./postgres-catalog.ts";
import { PostgresRecords } from "./postgres-query.ts";
import { PostgresSession } from "./postgres-session.ts";
import type { PostgresAddress } from "./postgres-session.ts";

/** Changes that wait for longer aren't followed. */
const FOLLOWED_SECONDS = 300;

/** Looks whether a database answers, every query runs, and the capture is in place: none of the rows is read. */
export async function inspectPostgres(
  address: PostgresAddress,
  queries: ReadonlyMap<string, { readonly sql: string }>,
  tables: readonly CaptureTable[],
): Promise<readonly Finding[]> {
  try {
    await using session = await PostgresSession.connect(address, new AbortController().signal);
    const wrong: Finding[] = [];
    for (const [type, { sql }] of queries) {
      await session.begin();
      try {
        await new PostgresRecords(session, { type, sql }).some([]);
      } catch (error) {
        wrong.push(badOf(error));
      } finally {
        await session.end();
      }
    }
    const answers = good("source", `the database ${session.name} answers every query`);
    return [...(wrong.length > 0 ? wrong : [answers]), ...(await inspectCapture(session, tables))];
  } catch (error) {
    return [badOf(error)];
  }
}

async function inspectCapture(session: PostgresSession, tables: readonly CaptureTable[]): Promise<readonly Finding[]> {
  if (tables.length === 0) return [];
  const { tables: states, waiting, waitingSeconds = 0 } = await captureStatus(session, tables);
  const lacking = states.find(({ state }) => state !== "in place");
  if (lacking !== undefined) {
    const says = `the triggers on ${lacking.table} are ${lacking.state}`;
    return [bad("capture", says, "Run rekiln capture install: until then changes are found by builds alone.")];
  }
  const says = `in place, ${waiting} changes wait`;
  if (waitingSeconds < FOLLOWED_SECONDS) return [good("capture", says)];
  return [doubtful("capture", `${says}, since ${waitingSeconds} s`, "Start rekiln work, which follows them.")];
}

function badOf(error: unknown): Finding {
  if (!(error instanceof RekilnError)) throw error;
  return bad("source", error.message, error.hint ?? "");
}
