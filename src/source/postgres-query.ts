import { messageOf, RekilnError } from "../core/errors.ts";
import type { PostgresRows, PostgresSession } from "./postgres-session.ts";
import { readerOf } from "./postgres-values.ts";
import { RECORD_BYTES_MAX } from "./record-files.ts";
import type { RecordBytes } from "./record-files.ts";

const FIRST_ROWS = 100;
const ROWS_MAX = 5000;
/** A batch of rows holds about so many characters. */
const BATCH_CHARACTERS = 4 << 20;

/** Types of ids whose text finds its row by an index: whole numbers, text, UUIDs. */
const WHOLE_NUMBERS: ReadonlyMap<number, string> = new Map([
  [20, "bigint"],
  [21, "smallint"],
  [23, "integer"],
]);
const TEXTS = new Set([19, 25, 1043]);
const UUID = 2950;

type Fields = PostgresRows["fields"];
type Row = PostgresRows["rows"][number];

/** What a type is selected by. */
export interface PostgresQuery {
  readonly type: string;
  readonly sql: string;
}

interface Column {
  readonly name: string;
  readonly read: (text: string) => unknown;
}

/** A query within the session's transaction. */
export class PostgresRecords {
  readonly #session: PostgresSession;
  readonly #query: PostgresQuery;

  constructor(session: PostgresSession, query: PostgresQuery) {
    this.#session = session;
    this.#query = query;
  }

  /** As people write it. */
  get name(): string {
    return `${this.#session.name}: the query for ${this.#query.type}`;
  }

  /** All rows as records, by a cursor, some at a time. @throws RekilnError `query-invalid`, `source-unreachable` */
  async *all(signal: AbortSignal): AsyncGenerator<readonly RecordBytes[]> {
    const cursor = "rekiln_rows";
    await this.#rows(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${this.#select}`);
    let columns: readonly Column[] | undefined;
    let row = 0;
    for (let limit = FIRST_ROWS; ;) {
      signal.throwIfAborted();
      const { fields, rows } = await this.#rows(`FETCH FORWARD ${limit} FROM ${cursor}`);
      columns ??= await this.#columns(fields);
      const read = columns;
      yield rows.map((values) => this.#record(read, values, ++row));
      if (rows.length < limit) break;
      const characters = rows.reduce((sum, values) => sum + charactersOf(values), 0);
      limit = Math.max(1, Math.min(ROWS_MAX, Math.floor((BATCH_CHARACTERS * limit) / (characters + 1))));
    }
    await this.#session.query(`CLOSE ${cursor}`);
  }

  /**
   * The records with some ids, by id.
   *
   * @returns undefined when ids of such a type can't be looked up
   * @throws RekilnError `query-invalid`, `source-unreachable`
   */
  async some(ids: readonly string[]): Promise<ReadonlyMap<string, RecordBytes> | undefined> {
    const { fields } = await this.#rows(`${this.#select} LIMIT 0`);
    const columns = await this.#columns(fields);
    const place = fields.findIndex(({ name }) => name === "id");
    const known = idsOf(fields[place]?.dataTypeID, ids);
    if (known === undefined) return undefined;
    const found = new Map<string, RecordBytes>();
    if (known.ids.length === 0) return found;
    const { rows } = await this.#rows(`${this.#select} WHERE q.id = ANY($1::${known.type}[])`, [known.ids]);
    for (const [index, values] of rows.entries()) {
      const id = values[place];
      // Of two rows with one id the first is taken, as always.
      if (typeof id === "string" && !found.has(id)) found.set(id, this.#record(columns, values, index + 1));
    }
    return found;
  }

  /** The line breaks keep a comment at its end from reaching further. */
  get #select(): string {
    return `SELECT * FROM (\n${this.#query.sql}\n) AS q`;
  }

  async #rows(text: string, values: readonly unknown[] = []): Promise<PostgresRows> {
    return this.#session.rows(text, values, `The query for ${this.#query.type} of ${this.#session.name}`);
  }

  async #columns(fields: Fields): Promise<readonly Column[]> {
    const names = fields.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw this.#invalid(
        `gives the column ${twice} twice`,
        `Name one of them otherwise, as in \`as other_${twice}\`.`,
      );
    if (!names.includes("id")) {
      const hint = `Each record has an id: select one, as in \`select ${names[0] ?? "key"} as id, …\`.`;
      throw this.#invalid(`gives no column id, but ${names.join(", ")}`, hint);
    }
    const { rows } = await this.#session.rows(
      `SELECT t.oid, coalesce(nullif(e.typbasetype, 0), e.oid) FROM pg_type t JOIN pg_type e ON e.oid = t.typelem
         WHERE t.typcategory = 'A' AND t.oid = ANY($1::oid[])`,
      [fields.map(({ dataTypeID }) => dataTypeID)],
    );
    const elements = new Map(rows.map(([type, element]) => [Number(type), Number(element)]));
    return fields.map(({ name, dataTypeID }) => {
      // Ids are text everywhere, also where a database counts them.
      if (name === "id" && WHOLE_NUMBERS.has(dataTypeID)) return { name, read: (text) => text };
      return { name, read: readerOf(dataTypeID, elements.get(dataTypeID)) };
    });
  }

  #record(columns: readonly Column[], values: Row, row: number): RecordBytes {
    const { type } = this.#query;
    const id = values[columns.findIndex(({ name }) => name === "id")];
    const place = `${this.#session.name}: ${typeof id === "string" ? `${type}:${id}` : `${type}, row ${row}`}`;
    const record: Record<string, unknown> = {};
    for (const [index, { name, read }] of columns.entries()) {
      const text = values[index] ?? null;
      try {
        record[name] = text === null ? null : read(text);
      } catch (error) {
        return { place, bytes: undefined, problem: `${name} ${messageOf(error)}` };
      }
    }
    const bytes = Buffer.from(JSON.stringify(record));
    return { place, bytes: bytes.length > RECORD_BYTES_MAX ? undefined : bytes };
  }

  #invalid(what: string, hint: string): RekilnError {
    return new RekilnError({
      code: "query-invalid",
      message: `The query for ${this.#query.type} of ${this.#session.name} ${what}.`,
      disposition: "fatal",
      hint,
    });
  }
}

/** Ids as values of their column's type, without those that none of its values is spelt as. */
function idsOf(
  type: number | undefined,
  ids: readonly string[],
): { readonly type: string; readonly ids: readonly string[] } | undefined {
  if (type === undefined) return undefined;
  const number = WHOLE_NUMBERS.get(type);
  if (number !== undefined) return { type: number, ids: ids.filter((id) => isWhole(id, number)) };
  // Postgres has no text with that character.
  if (TEXTS.has(type)) return { type: "text", ids: ids.filter((id) => !id.includes("\0")) };
  if (type !== UUID) return undefined;
  return { type: "uuid", ids: ids.filter((id) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) };
}

const BITS: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };

function isWhole(id: string, type: string): boolean {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(id)) return false;
  return BigInt.asIntN(BITS[type] ?? 64, BigInt(id)) === BigInt(id);
}

function charactersOf(values: Row): number {
  return values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
}
