import { RekilnError } from "../core/errors.ts";
import { EVENTS, findTable, functionBody, isThere, readTriggers, triggerName } from "./postgres-catalog.ts";
import type { CaptureTable, FoundTable, Trigger } from "./postgres-catalog.ts";
import type { PostgresSession } from "./postgres-session.ts";

/** What is notified when something stands in the outbox. */
export const CHANNEL = "rekiln_outbox";
/** An installation waits so long for those who write to a table, and lets others wait behind it. */
const LOCK_TIMEOUT_MS = 10_000;

const ROWS = {
  insert: "REFERENCING NEW TABLE AS new_rows ",
  update: "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows ",
  delete: "REFERENCING OLD TABLE AS old_rows ",
  truncate: "",
} as const;

/** What an installation does, or removal. */
export interface CaptureStep {
  /** `triggers on film for film` */
  readonly what: string;
  readonly action: "create" | "change" | "remove" | "keep";
}

interface CapturePlan {
  readonly steps: readonly CaptureStep[];
  /** In the order in which it is run, in one transaction. */
  readonly sql: readonly string[];
}

/**
 * Makes what notes changes: an outbox, a function, and four triggers for each table that run once for each statement.
 *
 * @returns what was done, or would be
 * @throws RekilnError `capture-refused` when a table can't be captured; `source-unreachable`, `query-invalid`
 */
export async function installCapture(
  session: PostgresSession,
  tables: readonly CaptureTable[],
  isDryRun: boolean,
): Promise<readonly CaptureStep[]> {
  const { steps, sql } = await planInstallation(session, tables);
  if (!isDryRun) await runAll(session, sql);
  return steps;
}

/** Takes away all that an installation made, also for tables that aren't named any more. */
export async function removeCapture(session: PostgresSession, isDryRun: boolean): Promise<readonly CaptureStep[]> {
  const triggers = await readTriggers(session);
  const tables = [...new Set(triggers.map(({ table }) => table))];
  const steps: CaptureStep[] = tables.map((table) => ({ what: `triggers on ${table}`, action: "remove" }));
  const sql = triggers.map(dropTrigger);
  if (await functionBody(session)) {
    steps.push({ what: "function rekiln_note_change", action: "remove" });
    sql.push("DROP FUNCTION rekiln_note_change()");
  }
  for (const table of ["rekiln_outbox", "rekiln_capture"]) {
    if (!(await isThere(session, table))) continue;
    steps.push({ what: `table ${table}`, action: "remove" });
    sql.push(`DROP TABLE ${table}`);
  }
  if (!isDryRun) await runAll(session, sql);
  return steps;
}

async function planInstallation(session: PostgresSession, tables: readonly CaptureTable[]): Promise<CapturePlan> {
  const schema = (await session.row("SELECT quote_ident(current_schema()) AS name"))?.["name"];
  if (typeof schema !== "string") throw refused("there is no schema that it could stand in", "Set the search path.");
  const steps: CaptureStep[] = [];
  const sql: string[] = [];
  const step = (what: string, action: CaptureStep["action"], ...statements: readonly string[]): void => {
    steps.push({ what, action });
    sql.push(...statements);
  };
  const [outbox, capture] = [`${schema}.rekiln_outbox`, `${schema}.rekiln_capture`];
  if (await isThere(session, "rekiln_outbox")) step("table rekiln_outbox", "keep");
  else {
    step(
      "table rekiln_outbox",
      "create",
      `CREATE TABLE ${outbox} (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, type text NOT NULL, id text,
         noted timestamptz NOT NULL DEFAULT now())`,
    );
  }
  const hasCapture = await isThere(session, "rekiln_capture");
  if (hasCapture) step("table rekiln_capture", "keep");
  else {
    step(
      "table rekiln_capture",
      "create",
      `CREATE TABLE ${capture} (generation uuid NOT NULL, mirror text, taken bigint NOT NULL DEFAULT 0, seen timestamptz)`,
    );
  }
  const body = noteChange(outbox);
  const stored = await functionBody(session);
  if (stored === body) step("function rekiln_note_change", "keep");
  else {
    step(
      "function rekiln_note_change",
      stored === undefined ? "create" : "change",
      `CREATE OR REPLACE FUNCTION ${schema}.rekiln_note_change() RETURNS trigger LANGUAGE plpgsql
         SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS ${literal(body)}`,
      `REVOKE ALL ON FUNCTION ${schema}.rekiln_note_change() FROM PUBLIC`,
    );
  }
  await planTriggers(session, schema, tables, step);
  if (steps.some(({ action }) => action !== "keep")) {
    // Whoever read before this doesn't know what happened since.
    const set = `UPDATE ${capture} SET generation = gen_random_uuid()`;
    sql.push(hasCapture ? set : `INSERT INTO ${capture} (generation) VALUES (gen_random_uuid())`);
  }
  return { steps, sql };
}

async function planTriggers(
  session: PostgresSession,
  schema: string,
  tables: readonly CaptureTable[],
  step: (what: string, action: CaptureStep["action"], ...statements: readonly string[]) => void,
): Promise<void> {
  const triggers = await readTriggers(session);
  const wanted = new Set<Trigger>();
  for (const one of tables) {
    const found = await findTable(session, one);
    checkTable(one, found);
    const statements: string[] = [];
    let isNew = true;
    for (const event of EVENTS) {
      const name = triggerName(one, event);
      const stored = triggers.find((trigger) => trigger.table === found.name && trigger.name === name);
      if (stored !== undefined) {
        wanted.add(stored);
        isNew = false;
        if (stored.isEnabled) continue;
        statements.push(dropTrigger(stored));
      }
      statements.push(
        `CREATE TRIGGER ${name} AFTER ${event.toUpperCase()} ON ${found.name} ${ROWS[event]}FOR EACH STATEMENT
           EXECUTE FUNCTION ${schema}.rekiln_note_change(${literal(one.type)}, ${literal(one.key)})`,
      );
    }
    const action = statements.length === 0 ? "keep" : isNew ? "create" : "change";
    step(`triggers on ${one.table} for ${one.type}`, action, ...statements);
  }
  const left = triggers.filter((trigger) => !wanted.has(trigger));
  for (const [table, some] of Map.groupBy(left, (trigger) => trigger.table)) {
    step(`triggers on ${table} that the config doesn't name`, "remove", ...some.map(dropTrigger));
  }
}

/** What the triggers run: a row for each id that a statement touched, whatever it did to how many rows. */
function noteChange(outbox: string): string {
  return `
DECLARE
  ids text := CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT %1$I FROM new_rows'
    WHEN 'DELETE' THEN 'SELECT %1$I FROM old_rows'
    ELSE 'SELECT %1$I FROM old_rows UNION SELECT %1$I FROM new_rows' END;
  noted bigint;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO ${outbox} (type, id) VALUES (TG_ARGV[0], NULL);
  ELSE
    EXECUTE format('INSERT INTO ${outbox.replaceAll("%", "%%").replaceAll("'", "''")} (type, id) SELECT DISTINCT $1, key::text FROM (' || ids ||
      ') AS touched (key) WHERE key IS NOT NULL', TG_ARGV[1]) USING TG_ARGV[0];
    GET DIAGNOSTICS noted = ROW_COUNT;
    IF noted = 0 THEN RETURN NULL; END IF;
  END IF;
  PERFORM pg_notify('${CHANNEL}', '');
  RETURN NULL;
END`;
}

function checkTable({ type, table, key }: CaptureTable, found: FoundTable | undefined): asserts found is FoundTable {
  const hint = `Correct table and key of ${type} in the config; a view isn't captured itself, but the tables that it reads can be named in also.`;
  if (found === undefined) throw refused(`there is no table ${table}, which ${type} names`, hint);
  if (found.kind !== "r" && found.kind !== "p") throw refused(`${table}, which ${type} names, is no table`, hint);
  if (!found.hasKey) throw refused(`the table ${table} has no column ${key}, which ${type} names`, hint);
}

function refused(why: string, hint: string): RekilnError {
  return new RekilnError({
    code: "capture-refused",
    message: `The capture can't be installed: ${why}.`,
    disposition: "fatal",
    hint: `Nothing was changed. ${hint}`,
  });
}

async function runAll(session: PostgresSession, sql: readonly string[]): Promise<void> {
  if (sql.length === 0) return;
  await session.query(`BEGIN; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  try {
    for (const statement of sql) await session.query(statement);
    await session.query("COMMIT");
  } catch (error) {
    // It rolls back by itself when the connection ends.
    await session.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

function dropTrigger({ table, name }: Trigger): string {
  return `DROP TRIGGER ${name} ON ${table}`;
}

function literal(text: string): string {
  return text.includes("\\")
    ? `E'${text.replaceAll("\\", String.raw`\\`).replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}
