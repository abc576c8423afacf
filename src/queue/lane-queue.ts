import { batches } from "../core/batches.ts";
import type { Clock } from "../core/clock.ts";
import { RekilnError } from "../core/errors.ts";
import { checkMessages, checkWhole, MAX_VISIBILITY_SECONDS, tidyReason } from "./check-arguments.ts";
import type { LaneStorage } from "./lane-storage.ts";
import { LANES } from "./queue.ts";
import type {
  DeadLetter,
  DeadLetterPage,
  Lane,
  LaneDepth,
  OutgoingMessage,
  Queue,
  QueuedMessage,
  Receipt,
  ReceiptResult,
  Received,
  ReceiveOptions,
  SendResult,
  Sleep,
} from "./queue.ts";
import type { QueueSettings } from "./queue-settings.ts";
import { Waiters } from "./waiters.ts";

/** A step holds the lane for a few milliseconds: whoever else wants it comes in between. */
const STEP_MESSAGES = 500;
/** With bodies, of up to 64 KiB each. */
const REDRIVE_LETTERS = 100;

type ReceiptStep = (lane: LaneStorage, receipts: readonly string[]) => readonly boolean[];

/** A queue over lanes that are stored on this machine: it checks, cuts batches into steps, and waits. */
export class LaneQueue implements Queue {
  readonly billedRequests = 0;
  readonly #lanes: Readonly<Record<Lane, LaneStorage>>;
  readonly #clock: Clock;
  readonly #sleep: Sleep;
  readonly #waiters: Readonly<Record<Lane, Waiters>>;
  #isClosed = false;

  constructor(lanes: Readonly<Record<Lane, LaneStorage>>, { clock, sleep }: QueueSettings) {
    this.#lanes = lanes;
    this.#clock = clock;
    this.#sleep = sleep;
    this.#waiters = { live: new Waiters(sleep), bulk: new Waiters(sleep) };
  }

  async send(lane: Lane, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    checkMessages(messages);
    const storage = this.#lane(lane);
    const results = await this.#inSteps(messages, (step) =>
      storage.send(step).map((id): SendResult => ({ kind: "sent", id })),
    );
    this.#waiters[lane].wake();
    return results;
  }

  async receive(lane: Lane, options: ReceiveOptions): Promise<readonly Received[]> {
    const { max, visibilitySeconds, waitMs = 0, signal } = options;
    checkWhole("The number of messages to receive", max, 1, Number.MAX_SAFE_INTEGER);
    checkWhole("The visibility timeout", visibilitySeconds, 1, MAX_VISIBILITY_SECONDS);
    const storage = this.#lane(lane);
    const endsAt = this.#clock() + waitMs;
    const isEnded = (): boolean => this.#isClosed || signal?.aborted === true;
    for (let attempts = 1; !isEnded(); attempts++) {
      const received = storage.receive(Math.min(max, STEP_MESSAGES), visibilitySeconds);
      const leftMs = endsAt - this.#clock();
      if (received.length > 0 || !(leftMs > 0)) return received;
      await this.#waiters[lane].wait(Math.min(leftMs, storage.pauseMs(attempts)), signal);
    }
    return [];
  }

  ack(receipts: readonly Receipt[]): Promise<readonly ReceiptResult[]> {
    return this.#settle(receipts, (lane, step) => lane.ack(step));
  }

  async release(receipts: readonly Receipt[], delaySeconds: number): Promise<readonly ReceiptResult[]> {
    checkWhole("The delay", delaySeconds, 0, MAX_VISIBILITY_SECONDS);
    return this.#settle(receipts, (lane, step) => lane.release(step, delaySeconds));
  }

  async extend(receipts: readonly Receipt[], visibilitySeconds: number): Promise<readonly ReceiptResult[]> {
    checkWhole("The visibility timeout", visibilitySeconds, 1, MAX_VISIBILITY_SECONDS);
    return this.#settle(receipts, (lane, step) => lane.extend(step, visibilitySeconds));
  }

  async discard(message: Received, reason: string): Promise<ReceiptResult> {
    const tidied = tidyReason(reason);
    const [result] = await this.#settle([message], (lane, step) => step.map((one) => lane.discard(one, tidied)));
    if (result === undefined) throw new Error("no result for a receipt");
    return result;
  }

  async depth(): Promise<Readonly<Record<Lane, LaneDepth>>> {
    return { live: this.#lane("live").depth(), bulk: this.#lane("bulk").depth() };
  }

  async deadLetters(lane: Lane, page: DeadLetterPage): Promise<readonly DeadLetter[]> {
    checkWhole("The limit", page.limit, 1, Number.MAX_SAFE_INTEGER);
    return this.#lane(lane).deadLetters(page);
  }

  async peek(lane: Lane, limit: number): Promise<readonly QueuedMessage[]> {
    checkWhole("The limit", limit, 1, Number.MAX_SAFE_INTEGER);
    return this.#lane(lane).peek(limit);
  }

  async redrive(lane: Lane, which: readonly string[] | "all"): Promise<number> {
    const storage = this.#lane(lane);
    let redriven = 0;
    for (const ids of which === "all" ? deadIds(storage) : batches(which, REDRIVE_LETTERS)) {
      if (redriven > 0) await this.#sleep(0, undefined);
      redriven += storage.redrive(ids);
      this.#waiters[lane].wake();
    }
    return redriven;
  }

  async purge(lane: Lane, what: "messages" | "dead"): Promise<void> {
    this.#lane(lane).purge(what);
  }

  /** Ends every wait, with nothing received. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const waiters of Object.values(this.#waiters)) waiters.wake();
    for (const lane of Object.values(this.#lanes)) lane[Symbol.dispose]();
  }

  #lane(lane: Lane): LaneStorage {
    if (!this.#isClosed) return this.#lanes[lane];
    throw new RekilnError({ code: "queue-closed", message: "The queue is closed.", disposition: "fatal" });
  }

  /** Results stand in the order of the receipts, whichever lanes these are of. */
  async #settle(receipts: readonly Receipt[], settle: ReceiptStep): Promise<readonly ReceiptResult[]> {
    const results: ReceiptResult[] = [];
    for (const lane of LANES) {
      const places = [...receipts.keys()].filter((place) => receipts[place]?.lane === lane);
      if (places.length === 0) continue;
      const storage = this.#lane(lane);
      const settled = await this.#inSteps(places, (step) => {
        const isGood = settle(
          storage,
          step.map((place) => receipts[place]?.receipt ?? ""),
        );
        return isGood.map((good): ReceiptResult => ({ kind: good ? "done" : "stale" }));
      });
      this.#waiters[lane].wake();
      for (const [index, result] of settled.entries()) results[places[index] ?? 0] = result;
    }
    return results;
  }

  /** Does a batch step by step. Where a step fails, the rest isn't tried: it would fail as well, and late. */
  async #inSteps<In, Result>(
    batch: readonly In[],
    work: (step: readonly In[]) => readonly Result[],
  ): Promise<readonly (Result | { readonly kind: "failed"; readonly error: RekilnError })[]> {
    const results: (Result | { readonly kind: "failed"; readonly error: RekilnError })[] = [];
    for (const step of batches(batch, STEP_MESSAGES)) {
      if (results.length > 0) await this.#sleep(0, undefined);
      try {
        results.push(...work(step));
      } catch (error) {
        if (!(error instanceof RekilnError)) throw error;
        while (results.length < batch.length) results.push({ kind: "failed", error });
        break;
      }
    }
    return results;
  }
}

/** The dead letters of now, in pieces: not those that die again while they are redriven. */
function* deadIds(lane: LaneStorage): Iterable<readonly string[]> {
  let after: string | undefined;
  for (let left = lane.depth().dead; left > 0;) {
    const letters = lane.deadLetters({ limit: Math.min(left, REDRIVE_LETTERS), after });
    after = letters.at(-1)?.id;
    if (after === undefined) return;
    yield letters.map(({ id }) => id);
    left -= letters.length;
  }
}
