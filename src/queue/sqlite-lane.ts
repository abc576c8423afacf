import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

import type { Clock } from "../core/clock.ts";
import type { LaneStorage } from "./lane-storage.ts";
import { parseReceipt, receiptOf } from "./numbered-receipt.ts";
import type { DeadLetter, DeadLetterPage, Lane, LaneDepth, OutgoingMessage, QueuedMessage, Received } from "./queue.ts";
import { receivedTooOften } from "./received-too-often.ts";
import { sqliteError } from "./sqlite-error.ts";
import { openLaneDatabase } from "./sqlite-queue-schema.ts";

/** Messages whose time has come that one transaction puts in their places. */
const STEP_DUE = 1000;
/** Each look wakes the processor: at 12 ms a wait takes 3 % of one, and a message of another process is found in 8 ms. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 12;

const INSERT = "INSERT INTO message (sent_at, receives, is_held, position, due, body) VALUES (?, 0, 0, ?, ?, ?)";
const HELD = "id = ? AND receives = ? AND is_held = 1";

type Row = Record<string, unknown>;

export interface SqliteLaneOptions {
  readonly lane: Lane;
  readonly file: string;
  readonly clock: Clock;
  readonly maxReceives: number;
}

/** A lane in an SQLite file of its own, for threads and processes of one machine. */
export class SqliteLane implements LaneStorage {
  readonly #lane: Lane;
  readonly #file: string;
  readonly #clock: Clock;
  readonly #maxReceives: number;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor({ lane, file, clock, maxReceives }: SqliteLaneOptions) {
    this.#lane = lane;
    this.#file = file;
    this.#clock = clock;
    this.#maxReceives = maxReceives;
    this.#database = this.#guard(() => openLaneDatabase(file));
  }

  send(messages: readonly OutgoingMessage[]): readonly string[] {
    return this.#transact("FULL", (now) => {
      let position = this.#lineUp(now);
      return messages.map(({ body, delaySeconds = 0 }) => {
        const place = delaySeconds > 0 ? [null, now + delaySeconds * 1000] : [position++, null];
        return String(this.#statement(INSERT).run(now, ...place, body).lastInsertRowid);
      });
    });
  }

  receive(max: number, visibilitySeconds: number): readonly Received[] {
    for (;;) {
      if (!this.#hasVisible()) return [];
      const { seen, received } = this.#transact("NORMAL", (now) => this.#take(now, max, visibilitySeconds));
      // All that were seen may have gone to the dead letters.
      if (seen === 0 || received.length > 0) return received;
    }
  }

  ack(receipts: readonly string[]): readonly boolean[] {
    return this.#ofEach(receipts, `DELETE FROM message WHERE ${HELD}`);
  }

  release(receipts: readonly string[], delaySeconds: number): readonly boolean[] {
    return this.#transact("NORMAL", (now) => {
      let position = this.#lineUp(now);
      const sql = `UPDATE message SET is_held = 0, position = ?, due = ? WHERE ${HELD} AND due > ?`;
      return receipts.map((receipt) => {
        const place = delaySeconds > 0 ? [null, now + delaySeconds * 1000] : [position++, null];
        return this.#run(sql, ...place, ...parseReceipt(receipt), now) > 0;
      });
    });
  }

  extend(receipts: readonly string[], visibilitySeconds: number): readonly boolean[] {
    return this.#transact("NORMAL", (now) => {
      const sql = `UPDATE message SET due = ? WHERE ${HELD} AND due > ?`;
      const due = now + visibilitySeconds * 1000;
      return receipts.map((receipt) => this.#run(sql, due, ...parseReceipt(receipt), now) > 0);
    });
  }

  discard(receipt: string, reason: string): boolean {
    return this.#transact("FULL", (now) => {
      const row = this.#get(`SELECT id FROM message WHERE ${HELD}`, ...parseReceipt(receipt));
      if (row !== undefined) this.#bury(Number(row["id"]), reason, now);
      return row !== undefined;
    });
  }

  depth(): LaneDepth {
    const sql = `SELECT
      (SELECT count(*) FROM message WHERE position IS NOT NULL) + (SELECT count(*) FROM message WHERE due <= ?1) AS waiting,
      (SELECT count(*) FROM message WHERE due > ?1 AND is_held = 0) AS delayed,
      (SELECT count(*) FROM message WHERE due > ?1 AND is_held = 1) AS in_flight,
      (SELECT count(*) FROM dead) AS dead,
      (SELECT sent_at FROM message ORDER BY id LIMIT 1) AS oldest`;
    const now = this.#clock();
    const row = this.#guard(() => this.#get(sql, now)) ?? {};
    return {
      waiting: Number(row["waiting"]),
      delayed: Number(row["delayed"]),
      inFlight: Number(row["in_flight"]),
      dead: Number(row["dead"]),
      oldestAgeSeconds: row["oldest"] === null ? undefined : Math.max(0, now - Number(row["oldest"])) / 1000,
    };
  }

  deadLetters({ limit, after }: DeadLetterPage): readonly DeadLetter[] {
    const rows = this.#guard(() =>
      this.#all("SELECT * FROM dead WHERE id > ? ORDER BY id LIMIT ?", Number(after ?? 0), limit),
    );
    return rows.map((row) => ({
      ...this.#toMessage(row),
      reason: String(row["reason"]),
      deadAt: Number(row["dead_at"]),
    }));
  }

  peek(limit: number): readonly QueuedMessage[] {
    return this.#guard(() => {
      const ready = this.#all("SELECT * FROM message WHERE position IS NOT NULL ORDER BY position LIMIT ?", limit);
      const due = this.#all(
        "SELECT * FROM message WHERE due <= ? ORDER BY due, id LIMIT ?",
        this.#clock(),
        limit - ready.length,
      );
      return [...ready, ...due].map((row) => this.#toMessage(row));
    });
  }

  redrive(ids: readonly string[]): number {
    return this.#transact("FULL", (now) => {
      let position = this.#lineUp(now);
      let redriven = 0;
      for (const id of ids.map(Number)) {
        const row = this.#get("DELETE FROM dead WHERE id = ? RETURNING body", id);
        if (row === undefined) continue;
        this.#run(INSERT, now, position++, null, String(row["body"]));
        redriven++;
      }
      return redriven;
    });
  }

  purge(what: "messages" | "dead"): void {
    this.#transact("FULL", () => this.#run(what === "dead" ? "DELETE FROM dead" : "DELETE FROM message"));
  }

  pauseMs(attempts: number): number {
    return Math.min(FIRST_PAUSE_MS * 1.5 ** (attempts - 1), LONGEST_PAUSE_MS);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Whether a receive is worth a transaction: those who wait for messages don't keep others from writing. */
  #hasVisible(): boolean {
    const sql = `SELECT EXISTS (SELECT 1 FROM message WHERE position IS NOT NULL)
      OR EXISTS (SELECT 1 FROM message WHERE due <= ?) AS found`;
    return this.#guard(() => this.#get(sql, this.#clock())?.["found"] === 1);
  }

  /** Gives messages whose time has come their places. @returns the next free place */
  #lineUp(now: number): number {
    const last = this.#get("SELECT max(position) AS last FROM message WHERE position IS NOT NULL");
    let position = Number(last?.["last"] ?? 0) + 1;
    for (const row of this.#all("SELECT id FROM message WHERE due <= ? ORDER BY due, id LIMIT ?", now, STEP_DUE)) {
      this.#run("UPDATE message SET position = ?, due = NULL WHERE id = ?", position++, Number(row["id"]));
    }
    return position;
  }

  #take(now: number, max: number, visibilitySeconds: number): { seen: number; received: readonly Received[] } {
    this.#lineUp(now);
    const rows = this.#all("SELECT * FROM message WHERE position IS NOT NULL ORDER BY position LIMIT ?", max);
    const sql = "UPDATE message SET position = NULL, due = ?, receives = receives + 1, is_held = 1 WHERE id = ?";
    const received: Received[] = [];
    for (const row of rows) {
      const message = this.#toMessage(row);
      if (message.receives >= this.#maxReceives) {
        this.#bury(Number(row["id"]), receivedTooOften(message.receives), now);
        continue;
      }
      this.#run(sql, now + visibilitySeconds * 1000, Number(row["id"]));
      const receives = message.receives + 1;
      received.push({ ...message, receives, receipt: receiptOf(message.id, receives) });
    }
    return { seen: rows.length, received };
  }

  #bury(id: number, reason: string, now: number): void {
    this.#run("INSERT INTO dead SELECT id, sent_at, receives, ?, ?, body FROM message WHERE id = ?", now, reason, id);
    this.#run("DELETE FROM message WHERE id = ?", id);
  }

  #ofEach(receipts: readonly string[], sql: string): readonly boolean[] {
    return this.#transact("NORMAL", () => receipts.map((receipt) => this.#run(sql, ...parseReceipt(receipt)) > 0));
  }

  /**
   * Runs `work` in a write transaction. `FULL` has it on the disk before it returns. What only hands messages out, or takes them back, needs
   * `NORMAL`: a power failure that undoes it brings a message back once more.
   */
  #transact<T>(synchronous: "FULL" | "NORMAL", work: (now: number) => T): T {
    return this.#guard(() => {
      this.#database.exec(`PRAGMA synchronous = ${synchronous}; BEGIN IMMEDIATE`);
      try {
        const result = work(this.#clock());
        this.#database.exec("COMMIT");
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw sqliteError(error, this.#file);
    }
  }

  #toMessage(row: Row): QueuedMessage {
    return {
      lane: this.#lane,
      id: String(row["id"]),
      body: String(row["body"]),
      receives: Number(row["receives"]),
      sentAt: Number(row["sent_at"]),
    };
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }
}
