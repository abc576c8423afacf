import { randomUUID } from "node:crypto";

import { digestOf } from "../core/digest.ts";
import type { EntityName } from "../core/entity-name.ts";
import { formatOf, readMeta, writeMeta } from "./entity-schema.ts";
import { EntityWriter } from "./entity-writer.ts";
import { Mirror } from "./mirror.ts";
import type { MirrorOptions } from "./mirror.ts";
import type { MirroredRecords } from "./mirrored-records.ts";
import { isThere } from "./postgres-catalog.ts";
import { PostgresRecords } from "./postgres-query.ts";
import { PostgresSession } from "./postgres-session.ts";
import type { PostgresAddress } from "./postgres-session.ts";
import { readSome, writeSome } from "./postgres-some.ts";
import type { SomeRecords, SomeTypes } from "./postgres-some.ts";
import type { RefreshReport } from "./source.ts";

/** What was taken in last as a whole, and how often anything was. */
const WHOLE_META = "postgres:whole";
const TAKEN_META = "postgres:taken";
const MIRROR_META = "postgres:mirror";

export interface PostgresSourceOptions extends MirrorOptions {
  readonly address: PostgresAddress;
  /** What each type is selected by, in a select with a column `id`. */
  readonly queries: ReadonlyMap<string, { readonly sql: string }>;
}

/**
 * Rows of a Postgres database, mirrored. The database is only read, all its types in one transaction that begins after the mirror is
 * locked: whoever takes in later has read later. Those who read only some entities don't hold the lock meanwhile; what they read is
 * given up when another one took in something since they began.
 */
export class PostgresSource extends Mirror {
  /** Not the database's name: the mirror counts the versions, and finds out what is different in another database. */
  readonly identity = "postgres";
  readonly #options: PostgresSourceOptions;
  /** Of the capture that stood in the database when it was read. */
  #generation = "";

  constructor(options: PostgresSourceOptions) {
    super(options);
    this.#options = options;
  }

  /** Unknown before it is read. */
  async bytes(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  /** What changed in a database is known only when it is read. */
  override async isCurrent(): Promise<boolean> {
    return false;
  }

  get types(): SomeTypes {
    return this.#options;
  }

  /** How often anything was taken in: it rises with each time. */
  taken(): number {
    return Number(this.#meta(TAKEN_META) ?? 0);
  }

  /** Tells this mirror from others of the same database. The store is there, or made. */
  mirrorId(): string {
    const known = this.#meta(MIRROR_META);
    if (known !== undefined) return known;
    const writer = new EntityWriter(this.database, this.#options.firstVersion, this.nowSeconds);
    try {
      if (readMeta(this.database, MIRROR_META) === undefined) writeMeta(this.database, MIRROR_META, randomUUID());
      writer.commit();
    } catch (error) {
      writer.rollback();
      throw error;
    }
    return this.mirrorId();
  }

  /** Whether everything was taken in by these very queries and schemas; with a capture, since it stands. */
  isWhole(generation?: string): boolean {
    const whole = this.#meta(WHOLE_META);
    if (whole === undefined || !this.hasTables()) return false;
    return generation === undefined
      ? whole.startsWith(`${this.#version} `)
      : whole === `${this.#version} ${generation}`;
  }

  async connect(signal: AbortSignal): Promise<PostgresSession> {
    return PostgresSession.connect(this.#options.address, signal);
  }

  /** @throws RekilnError `source-unreachable`, `query-invalid` */
  protected async open(signal: AbortSignal): Promise<MirroredRecords> {
    const session = await this.connect(signal);
    let hasBegun = false;
    return {
      type: async (type) => {
        if (!hasBegun) {
          hasBegun = true;
          await session.begin();
          this.#generation = (await generationIn(session)) ?? "";
        }
        const sql = this.#options.queries.get(type)?.sql;
        const records = new PostgresRecords(session, { type, sql: sql ?? "" });
        return {
          place: session.name,
          absence: sql === undefined ? `there is no query for ${type}` : undefined,
          broken: [],
          parts: sql === undefined ? [] : [{ name: records.name, read: (stop) => records.all(stop) }],
          // Never the same: nothing tells that it is, short of reading it.
          digest: async () => randomUUID(),
        };
      },
      [Symbol.asyncDispose]: async () => session[Symbol.asyncDispose](),
    };
  }

  protected override noteRefresh(keepsIds: boolean): void {
    writeMeta(this.database, WHOLE_META, keepsIds ? `${this.#version} ${this.#generation}` : "");
    this.#noteTaken();
  }

  /**
   * Takes in some entities, as the database has them now.
   *
   * @returns undefined when everything must be read instead: it was never, or by other queries, or the ids can't be looked up
   */
  async takeInSome(names: readonly EntityName[], signal: AbortSignal): Promise<RefreshReport | undefined> {
    if (!this.isWhole()) return undefined;
    const ids = Map.groupBy(names, ({ type }) => type);
    const wanted = new Map([...ids].map(([type, some]) => [type, new Set(some.map(({ id }) => id))]));
    await using session = await this.connect(signal);
    for (;;) {
      const before = this.taken();
      await session.begin();
      const some = await readSome(session, this.types, wanted);
      await session.end();
      if (some === undefined) return undefined;
      const report = this.write(some, before);
      if (report !== undefined) return report;
      signal.throwIfAborted();
    }
  }

  /**
   * Writes what was read of some entities, in one commit.
   *
   * @param before what `taken` was before they were read
   * @returns undefined when something else was taken in since, which may be newer; then nothing was done
   */
  write(some: SomeRecords, before: number): RefreshReport | undefined {
    const writer = new EntityWriter(this.database, this.#options.firstVersion, this.nowSeconds);
    try {
      if (this.taken() !== before) {
        writer.rollback();
        return undefined;
      }
      const report = writeSome(writer, some);
      this.#noteTaken();
      writer.commit();
      return report;
    } catch (error) {
      writer.rollback();
      throw error;
    }
  }

  /** Of the schemas and queries. */
  get #version(): string {
    const { fingerprint, queries } = this.#options;
    return `${fingerprint} ${digestOf(JSON.stringify([...queries].map(([type, { sql }]) => [type, sql])))}`;
  }

  #noteTaken(): void {
    writeMeta(this.database, TAKEN_META, this.taken() + 1);
  }

  #meta(key: string): string | undefined {
    return formatOf(this.database) === "current" ? readMeta(this.database, key) : undefined;
  }
}

/** Tells one installation of the capture from another one; undefined when there is none. */
async function generationIn(session: PostgresSession): Promise<string | undefined> {
  if (!(await isThere(session, "rekiln_capture"))) return undefined;
  return (await session.row("SELECT generation FROM rekiln_capture"))?.["generation"] ?? undefined;
}
