import { RekilnError } from "../core/errors.ts";
import { CHANNEL } from "./postgres-capture.ts";
import { captureState } from "./postgres-catalog.ts";
import type { CaptureTable } from "./postgres-catalog.ts";
import type { PostgresSession } from "./postgres-session.ts";
import { readSome } from "./postgres-some.ts";
import type { PostgresSource } from "./postgres-source.ts";
import type { RefreshReport } from "./source.ts";

const BATCH_ROWS = 2000;
/** A state of a site that wasn't heard of for longer has ended. */
const GONE_SECONDS = 120;
const CLAIM_MS = 30_000;

/** What one look at the outbox gave. */
export type Followed =
  | { readonly kind: "nothing" }
  | { readonly kind: "taken"; readonly report: RefreshReport }
  /** Everything must be read, before these rows are settled. */
  | { readonly kind: "whole"; readonly rows: readonly string[] };

/**
 * Follows the capture of a Postgres database: takes rows of its outbox, reads the entities that they name in the snapshot in which it saw
 * the rows, writes them to the mirror in one commit, and deletes these rows. Whatever is committed later has a row that isn't among them,
 * so that none is skipped, however late; killed before the last step, it takes the same rows again, and finds nothing changed.
 *
 * One mirror follows a database at a time. Who takes over from another one gives the capture a new generation, for which it must read everything.
 */
export class PostgresFollower implements AsyncDisposable {
  readonly #source: PostgresSource;
  readonly #session: PostgresSession;
  #generation = "";
  #claimedAt = Number.NEGATIVE_INFINITY;

  private constructor(source: PostgresSource, session: PostgresSession) {
    this.#source = source;
    this.#session = session;
  }

  /**
   * @param onNotice called when something was noted, and when the connection breaks
   * @throws RekilnError `source-unreachable`; `capture-missing` when it isn't installed for these tables; `capture-followed` when another
   * site's state follows it
   */
  static async connect(
    source: PostgresSource,
    tables: readonly CaptureTable[],
    onNotice: () => void,
    signal: AbortSignal,
  ): Promise<PostgresFollower> {
    const session = await source.connect(signal);
    try {
      const lacking = (await captureState(session, tables)).find(({ state }) => state !== "in place");
      if (lacking !== undefined) throw missing(`its triggers on ${lacking.table} are ${lacking.state}`);
      await session.listen(CHANNEL, onNotice);
      const follower = new PostgresFollower(source, session);
      await follower.#claim();
      return follower;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Takes some of what waits. @throws as `connect`, and RekilnError `entities-busy`, `query-invalid` */
  async take(): Promise<Followed> {
    if (performance.now() - this.#claimedAt > CLAIM_MS) await this.#claim();
    for (;;) {
      const before = this.#source.taken();
      await this.#session.begin();
      const isOlder = await this.#check();
      const { rows } = await this.#session.rows(
        `SELECT number, type, id FROM rekiln_outbox ORDER BY number LIMIT ${BATCH_ROWS}`,
      );
      const numbers = rows.map(([number]) => String(number));
      const isWhole = isOlder || !this.#source.isWhole(this.#generation) || rows.some(([, , id]) => id === null);
      const some = isWhole ? undefined : await readSome(this.#session, this.#source.types, namesOf(rows));
      await this.#session.end();
      if (some === undefined) return { kind: "whole", rows: numbers };
      if (rows.length === 0) return { kind: "nothing" };
      const report = this.#source.write(some, before);
      // Something else was taken in meanwhile, which may be newer.
      if (report === undefined) continue;
      await this.#settle(numbers, "greatest(taken, $2::bigint)");
      return { kind: "taken", report };
    }
  }

  /** After everything was read. @throws RekilnError `capture-ids` when it isn't of use for that: no id leads back to its row */
  async settle(rows: readonly string[]): Promise<void> {
    if (!this.#source.isWhole(this.#generation)) {
      throw new RekilnError({
        code: "capture-ids",
        message:
          "The changes that the database notes can't be followed: schemas, queries or the capture aren't what was read by.",
        disposition: "retry",
        hint: "A schema must leave the id of its record as it is; run rekiln capture status.",
      });
    }
    await this.#settle(rows, "$2::bigint");
  }

  async #settle(rows: readonly string[], taken: string): Promise<void> {
    await this.#session.rows(
      `WITH gone AS (DELETE FROM rekiln_outbox WHERE number = ANY($1::bigint[]))
       UPDATE rekiln_capture SET taken = ${taken}, seen = now() WHERE mirror = $3`,
      [rows, this.#source.taken(), this.#source.mirrorId()],
    );
  }

  /** Says that this mirror follows. */
  async #claim(): Promise<void> {
    const mine = this.#source.mirrorId();
    const claimed = await this.#session.row(
      `UPDATE rekiln_capture SET
         generation = CASE WHEN mirror = $1 OR mirror IS NULL THEN generation ELSE gen_random_uuid() END,
         taken = CASE WHEN mirror = $1 THEN taken ELSE 0 END, mirror = $1, seen = now()
       WHERE mirror IS NULL OR mirror = $1 OR seen < now() - interval '${GONE_SECONDS} seconds' RETURNING generation`,
      [mine],
    );
    const generation = claimed?.["generation"];
    if (typeof generation !== "string") {
      throw new RekilnError({
        code: "capture-followed",
        message: "Another site, or another copy of this one, follows the changes of this database.",
        disposition: "retry",
        hint: `A database is followed from one state folder. End the other's workers: ${GONE_SECONDS} s later this one takes over, and reads everything once.`,
      });
    }
    this.#generation = generation;
    this.#claimedAt = performance.now();
  }

  /** Within the snapshot: whether it is still this mirror that follows. @returns whether an older copy of it was put in place */
  async #check(): Promise<boolean> {
    const row = await this.#session.row("SELECT generation, mirror, taken FROM rekiln_capture");
    if (row?.["generation"] !== this.#generation || row["mirror"] !== this.#source.mirrorId()) {
      throw missing("it was installed anew, or another site has taken it over");
    }
    // Asked after the database was: what another process has taken in meanwhile stands here before it stands there.
    return Number(row["taken"]) > this.#source.taken();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

function namesOf(rows: readonly (readonly (string | null)[])[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const [, type, id] of rows) {
    const ids = names.get(String(type)) ?? new Set();
    names.set(String(type), ids.add(String(id)));
  }
  return names;
}

function missing(why: string): RekilnError {
  return new RekilnError({
    code: "capture-missing",
    message: `The database's changes can't be followed now: ${why}.`,
    disposition: "retry",
    hint: "Run rekiln capture status, and rekiln capture install where something is missing.",
  });
}
