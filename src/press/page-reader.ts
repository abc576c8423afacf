import type { EntityData, OrderField, WhereValues } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { sortKeyOfEntity } from "../core/tuple.ts";
import { parseMoment } from "../core/visible-time.ts";
import type { Window } from "../core/dependency.ts";
import type { EntityRecord, Snapshot, ValueCount } from "../source/source.ts";
import type { PageRecorder } from "./page-recorder.ts";
import { timeBucket } from "./time-bucket.ts";
import type { TimeStep } from "./time-bucket.ts";

/** Most rows that a list without a limit may have. */
const LIST_ROWS_MAX = 10_000;

interface ListQuery {
  readonly where?: WhereValues;
  readonly orderBy?: string | readonly string[];
  readonly limit?: number;
}

const ORDERS_KEPT_MAX = 1000;
/** Lists that pages of one route ask for have the very same order. */
const orders = new Map<string | undefined, readonly OrderField[]>();

/** `-rating` or `["-rating", "title"]`, taken apart. */
export function parseOrder(orderBy: string | readonly string[] | undefined): readonly OrderField[] {
  if (typeof orderBy === "object") return orderFields(orderBy);
  let order = orders.get(orderBy);
  if (order === undefined) {
    order = orderFields(orderBy === undefined ? [] : [orderBy]);
    if (orders.size >= ORDERS_KEPT_MAX) orders.clear();
    orders.set(orderBy, order);
  }
  return order;
}

function orderFields(fields: readonly string[]): readonly OrderField[] {
  return fields.map((field) =>
    field.startsWith("-") ? { field: field.slice(1), descending: true } : { field, descending: false },
  );
}

function withoutUndefined(where: WhereValues | undefined): WhereValues {
  const given = Object.entries(where ?? {}).filter(([, wanted]) => wanted !== undefined);
  return Object.fromEntries(given);
}

/** A page's `read`: every answer comes from one snapshot, and is recorded. */
export class PageReader {
  readonly #snapshot: Snapshot;
  readonly #recorder: PageRecorder;
  readonly #nowSeconds: number;

  constructor(snapshot: Snapshot, recorder: PageRecorder, nowSeconds: number) {
    this.#snapshot = snapshot;
    this.#recorder = recorder;
    this.#nowSeconds = nowSeconds;
  }

  async get(type: string, id: string | undefined): Promise<EntityData | undefined> {
    if (id === undefined || id === null) return undefined;
    return this.#recorder.named(type, id, this.#snapshot.get(type, id));
  }

  async getMany(type: string, ids: readonly string[]): Promise<readonly EntityData[]> {
    const found: EntityData[] = [];
    for (const id of ids) {
      const view = this.#recorder.named(type, id, this.#snapshot.get(type, id));
      if (view !== undefined) found.push(view);
    }
    return found;
  }

  async list(type: string, query: ListQuery = {}): Promise<readonly EntityData[]> {
    const where = withoutUndefined(query.where);
    const order = parseOrder(query.orderBy);
    const { limit } = query;
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
      throw new RekilnError({
        code: "limit-invalid",
        message: `A list of ${type} has the limit ${String(limit)}.`,
        disposition: "discard",
        hint: "A limit is a whole number from 0.",
      });
    }
    const rows = this.#snapshot.list(type, where, order, 0, Math.min(limit ?? LIST_ROWS_MAX + 1, LIST_ROWS_MAX + 1));
    if (rows.length > LIST_ROWS_MAX) {
      throw new RekilnError({
        code: "list-too-long",
        message: `A list of ${type} has more than ${LIST_ROWS_MAX} rows.`,
        disposition: "discard",
        hint: "Give it a `limit`, narrow its `where`, or page it by the route's `list`.",
      });
    }
    return this.window(type, where, order, rows, {
      isFull: limit !== undefined && rows.length >= limit,
      hasAbove: false,
    });
  }

  /** Records a window of a list and hands its rows out as views. */
  window(
    type: string,
    where: WhereValues,
    order: readonly OrderField[],
    rows: readonly EntityRecord[],
    shape: { readonly isFull: boolean; readonly hasAbove: boolean },
  ): readonly EntityData[] {
    const [first, last] = [rows[0], rows.at(-1)];
    const window: Window = {
      where,
      order,
      ...(shape.hasAbove && first !== undefined ? { first: sortKeyOfEntity(order, first) } : {}),
      ...(shape.isFull && last !== undefined ? { last: sortKeyOfEntity(order, last) } : {}),
    };
    // A list of no rows by its limit shows nothing of the data.
    if (!(shape.isFull && last === undefined)) this.#recorder.window(type, window);
    return Object.freeze(rows.map((row) => this.#recorder.row(type, row)));
  }

  async count(type: string, where?: WhereValues): Promise<number> {
    const given = withoutUndefined(where);
    this.#recorder.count(type, given);
    return this.#snapshot.count(type, given);
  }

  async values(type: string, field: string): Promise<readonly ValueCount[]> {
    this.#recorder.values(type, field);
    return this.#snapshot.values(type, field);
  }

  until(time: Date | string): boolean {
    const at = time instanceof Date ? Math.ceil(time.getTime() / 1000) : parseMoment(time);
    if (at === undefined || Number.isNaN(at)) throw notMoment(time);
    const isAhead = at > this.#nowSeconds;
    this.#recorder.moment(at, isAhead);
    return isAhead;
  }

  now(step: TimeStep, timeZone = "UTC"): Date {
    const bucket = timeBucket(step, timeZone, this.#nowSeconds);
    this.#recorder.clock(bucket);
    return new Date(bucket.start * 1000);
  }
}

function notMoment(time: unknown): RekilnError {
  return new RekilnError({
    code: "time-unknown",
    message: `read.until was given ${time instanceof Date ? "an invalid Date" : JSON.stringify(time)}, which is no time.`,
    disposition: "discard",
    hint: 'Give a Date, a date-time with its time zone ("2026-03-01T09:00:00+01:00"), or a date ("2026-03-01").',
  });
}
