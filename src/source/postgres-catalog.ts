import { digestOf } from "../core/digest.ts";
import type { PostgresSession } from "./postgres-session.ts";

/** A table whose changes are noted, and the type of which its column `key` holds ids. */
export interface CaptureTable {
  readonly type: string;
  readonly table: string;
  readonly key: string;
}

/** Of each table that is captured, a trigger each. */
export const EVENTS = ["insert", "update", "delete", "truncate"] as const;
/** A table as it is in the database, with its triggers. */
export interface CapturedState extends CaptureTable {
  readonly state: "in place" | "missing" | "disabled";
}

export interface Trigger {
  readonly table: string;
  readonly name: string;
  readonly isEnabled: boolean;
}

/** How a capture is. */
export interface CaptureStatus {
  readonly tables: readonly CapturedState[];
  /** Rows of the outbox, and how long the first of them has been there. */
  readonly waiting: number;
  readonly waitingSeconds: number | undefined;
  /** Since a worker followed it last; undefined when none ever did. */
  readonly followedSeconds: number | undefined;
}

export async function captureStatus(session: PostgresSession, tables: readonly CaptureTable[]): Promise<CaptureStatus> {
  const states = await captureState(session, tables);
  const isMade = (await isThere(session, "rekiln_outbox")) && (await isThere(session, "rekiln_capture"));
  const row = isMade
    ? await session.row(
        `SELECT count(*) AS waiting, floor(extract(epoch FROM now() - min(noted))) AS since,
           (SELECT floor(extract(epoch FROM now() - seen)) FROM rekiln_capture) AS seen FROM rekiln_outbox`,
      )
    : undefined;
  const seconds = (text: string | null | undefined): number | undefined =>
    typeof text === "string" ? Number(text) : undefined;
  return {
    tables: states,
    waiting: Number(row?.["waiting"] ?? 0),
    waitingSeconds: seconds(row?.["since"]),
    followedSeconds: seconds(row?.["seen"]),
  };
}

/** Whether the triggers of tables are in place. */
export async function captureState(
  session: PostgresSession,
  tables: readonly CaptureTable[],
): Promise<readonly CapturedState[]> {
  const triggers = await readTriggers(session);
  const states: CapturedState[] = [];
  for (const one of tables) {
    const name = (await findTable(session, one))?.name;
    const found = EVENTS.map((event) =>
      triggers.find((trigger) => trigger.table === name && trigger.name === triggerName(one, event)),
    );
    const isThere = found.every((trigger) => trigger !== undefined);
    const isEnabled = found.every((trigger) => trigger?.isEnabled === true);
    states.push({ ...one, state: isThere ? (isEnabled ? "in place" : "disabled") : "missing" });
  }
  return states;
}

export async function readTriggers(session: PostgresSession): Promise<readonly Trigger[]> {
  const { rows } = await session.rows(
    `SELECT t.tgrelid::regclass::text, quote_ident(t.tgname), t.tgenabled IN ('O', 'A') FROM pg_trigger t
       WHERE t.tgfoid = to_regprocedure('rekiln_note_change()') AND t.tgparentid = 0 ORDER BY 1, 2`,
  );
  return rows.map(([table, name, isEnabled]) => ({
    table: String(table),
    name: String(name),
    isEnabled: isEnabled === "t",
  }));
}

export interface FoundTable {
  readonly name: string;
  readonly kind: string;
  readonly hasKey: boolean;
}

export async function findTable(
  session: PostgresSession,
  { table, key }: CaptureTable,
): Promise<FoundTable | undefined> {
  const row = await session.row(
    `SELECT c.oid::regclass::text AS name, c.relkind AS kind, a.attnum IS NOT NULL AS has_key FROM pg_class c
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.oid = to_regclass($1)`,
    [table, key],
  );
  return row && { name: String(row["name"]), kind: String(row["kind"]), hasKey: row["has_key"] === "t" };
}

export async function isThere(session: PostgresSession, table: string): Promise<boolean> {
  return (await session.row("SELECT to_regclass($1) IS NOT NULL AS there", [table]))?.["there"] === "t";
}

export async function functionBody(session: PostgresSession): Promise<string | undefined> {
  const row = await session.row("SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure('rekiln_note_change()')");
  return row?.["prosrc"] ?? undefined;
}

/** The same for the same type and column, so that it says what it is for. */
export function triggerName({ type, key }: CaptureTable, event: (typeof EVENTS)[number]): string {
  return `rekiln_${digestOf(`${type}\0${key}`).slice(0, 12)}_${event}`;
}
