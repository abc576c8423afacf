import type { Clock } from "../core/clock.ts";
import { DueTimes } from "./due-times.ts";
import type { LaneStorage } from "./lane-storage.ts";
import { parseReceipt, receiptOf } from "./numbered-receipt.ts";
import type { DeadLetter, DeadLetterPage, Lane, LaneDepth, OutgoingMessage, QueuedMessage, Received } from "./queue.ts";
import { receivedTooOften } from "./received-too-often.ts";

interface Entry {
  readonly id: number;
  readonly body: string;
  readonly sentAt: number;
  receives: number;
  /** Whether the receipt of the last receive can ack it. */
  isHeld: boolean;
  /** When it can be received; undefined when it can be, and has a place. */
  due: number | undefined;
}

/** A lane in memory. It reads no clock but the one it is given. */
export class MemoryLane implements LaneStorage {
  readonly #lane: Lane;
  readonly #clock: Clock;
  readonly #maxReceives: number;
  /** By id, in the order in which they were sent. */
  readonly #entries = new Map<number, Entry>();
  /** Those that can be received, in the order in which they became visible. */
  readonly #ready = new Set<Entry>();
  readonly #due = new DueTimes<Entry>();
  readonly #dead = new Map<number, DeadLetter>();
  #lastId = 0;

  constructor(lane: Lane, clock: Clock, maxReceives: number) {
    this.#lane = lane;
    this.#clock = clock;
    this.#maxReceives = maxReceives;
  }

  send(messages: readonly OutgoingMessage[]): readonly string[] {
    this.#lineUp();
    return messages.map(({ body, delaySeconds = 0 }) => this.#add(body, delaySeconds));
  }

  receive(max: number, visibilitySeconds: number): readonly Received[] {
    this.#lineUp();
    const received: Received[] = [];
    for (const entry of this.#ready) {
      if (received.length === max) break;
      this.#ready.delete(entry);
      if (entry.receives >= this.#maxReceives) {
        this.#bury(entry, receivedTooOften(entry.receives));
        continue;
      }
      entry.receives++;
      entry.isHeld = true;
      this.#hide(entry, visibilitySeconds);
      const message = this.#toMessage(entry);
      received.push({ ...message, receipt: receiptOf(message.id, entry.receives) });
    }
    return received;
  }

  ack(receipts: readonly string[]): readonly boolean[] {
    return receipts.map((receipt) => {
      const entry = this.#held(receipt);
      if (entry !== undefined) this.#remove(entry);
      return entry !== undefined;
    });
  }

  release(receipts: readonly string[], delaySeconds: number): readonly boolean[] {
    this.#lineUp();
    return receipts.map((receipt) => {
      const entry = this.#held(receipt);
      if (entry?.due === undefined) return false;
      entry.isHeld = false;
      this.#hide(entry, delaySeconds);
      return true;
    });
  }

  extend(receipts: readonly string[], visibilitySeconds: number): readonly boolean[] {
    this.#lineUp();
    return receipts.map((receipt) => {
      const entry = this.#held(receipt);
      if (entry?.due === undefined) return false;
      this.#hide(entry, visibilitySeconds);
      return true;
    });
  }

  discard(receipt: string, reason: string): boolean {
    const entry = this.#held(receipt);
    if (entry !== undefined) this.#bury(entry, reason);
    return entry !== undefined;
  }

  depth(): LaneDepth {
    this.#lineUp();
    let delayed = 0;
    for (const { due, isHeld } of this.#entries.values()) if (due !== undefined && !isHeld) delayed++;
    const [oldest] = this.#entries.values();
    return {
      waiting: this.#ready.size,
      delayed,
      inFlight: this.#entries.size - this.#ready.size - delayed,
      dead: this.#dead.size,
      oldestAgeSeconds: oldest && Math.max(0, this.#clock() - oldest.sentAt) / 1000,
    };
  }

  deadLetters({ limit, after = "0" }: DeadLetterPage): readonly DeadLetter[] {
    const ids = [...this.#dead.keys()].filter((id) => id > Number(after)).sort((left, right) => left - right);
    return ids.slice(0, limit).flatMap((id) => this.#dead.get(id) ?? []);
  }

  peek(limit: number): readonly QueuedMessage[] {
    this.#lineUp();
    return [...this.#ready.values().take(limit)].map((entry) => this.#toMessage(entry));
  }

  redrive(ids: readonly string[]): number {
    this.#lineUp();
    let redriven = 0;
    for (const id of ids.map(Number)) {
      const letter = this.#dead.get(id);
      if (letter === undefined) continue;
      this.#dead.delete(id);
      this.#add(letter.body, 0);
      redriven++;
    }
    return redriven;
  }

  purge(what: "messages" | "dead"): void {
    if (what === "dead") this.#dead.clear();
    else for (const entry of this.#entries.values()) this.#remove(entry);
  }

  /** Nothing changes but by the clock. */
  pauseMs(): number {
    return (this.#due.next() ?? Infinity) - this.#clock();
  }

  [Symbol.dispose](): void {
    // It has nothing but memory.
  }

  #add(body: string, delaySeconds: number): string {
    const id = ++this.#lastId;
    const entry: Entry = { id, body, sentAt: this.#clock(), receives: 0, isHeld: false, due: undefined };
    this.#entries.set(id, entry);
    this.#hide(entry, delaySeconds);
    return String(id);
  }

  /** Has it received in `seconds` at the earliest. */
  #hide(entry: Entry, seconds: number): void {
    this.#due.remove(entry, entry.due);
    entry.due = seconds > 0 ? this.#clock() + seconds * 1000 : undefined;
    if (entry.due === undefined) this.#ready.add(entry);
    else this.#due.add(entry, entry.due);
  }

  /** Gives messages whose time has come their places. */
  #lineUp(): void {
    for (const entry of this.#due.takeUntil(this.#clock())) {
      entry.due = undefined;
      this.#ready.add(entry);
    }
  }

  #held(receipt: string): Entry | undefined {
    const [id, receives] = parseReceipt(receipt);
    const entry = this.#entries.get(id);
    return entry?.isHeld === true && entry.receives === receives ? entry : undefined;
  }

  #bury(entry: Entry, reason: string): void {
    this.#remove(entry);
    this.#dead.set(entry.id, { ...this.#toMessage(entry), reason, deadAt: this.#clock() });
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.id);
    this.#ready.delete(entry);
    this.#due.remove(entry, entry.due);
  }

  #toMessage({ id, body, receives, sentAt }: Entry): QueuedMessage {
    return { lane: this.#lane, id: String(id), body, receives, sentAt };
  }
}
