import type { Clock } from "../core/clock.ts";
import type { RequestKind, RequestPrices } from "./request-price.ts";
import { DOLLAR, S3_PRICES } from "./request-price.ts";

export type DeferReason = "puts-a-second" | "dollars-a-day";

/** May a request be sent? `until`: when it may be asked again, in milliseconds since 1970. */
export type Admission =
  | { readonly kind: "admitted" }
  | { readonly kind: "deferred"; readonly until: number; readonly reason: DeferReason };

export interface BudgetCaps {
  readonly maxPutsPerSecond?: number | undefined;
  readonly maxDollarsPerDay?: number | undefined;
}

/** What all writers of a site have spent on a day, wherever they run. */
export interface SpendLedger {
  /**
   * Takes up to `wanted` of what is left of `cap` for a day, in the unit of `RequestPrices`; nobody else has it then.
   * @returns what was taken; 0n when nothing is left
   */
  take(day: number, wanted: bigint, cap: bigint): Promise<bigint>;
}

export interface BudgetOptions {
  readonly caps?: BudgetCaps | undefined;
  readonly prices?: RequestPrices | undefined;
  /** Puts a second at first; default 500: a prefix of S3 takes 3,500 once it is warm, and fewer while it is cold. */
  readonly startPutsPerSecond?: number | undefined;
  readonly clock: Clock;
  /** Resolves after `ms`, or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Of another thread's budget, which is then this one's too: `memory` of that one. */
  readonly memory?: SharedArrayBuffer | undefined;
  /** Without one the cap in dollars counts this process only. */
  readonly ledger?: SpendLedger | undefined;
}

const PLACES = {
  nextPut: 0,
  rate: 1,
  peak: 2,
  cutAt: 3,
  day: 4,
  spent: 5,
  granted: 6,
  usedUp: 7,
  put: 8,
  remove: 9,
  get: 10,
  list: 11,
} as const;
type Place = keyof typeof PLACES;

const DAY_MS = 86_400_000;
const START_RATE = 500;
const LEAST_RATE = 5;
/** A rate that the store took grows by a sixtieth in a second of full use; to one that it took before, by a twentieth of that. */
const GROWTH_SECONDS = 60;
const RECOVERY_SECONDS = 20;
/** 503s of one second are one. */
const CUT_MS = 1000;
/** How far the puts of a moment may run ahead of the rate: sleeping is no more exact than that. */
const BURST_US = 20_000n;
/** Whoever would wait longer is deferred. */
const LONGEST_WAIT_MS = 10_000;
/** The ledger is asked for a hundredth of a day's cap at a time. */
const GRANTS_A_DAY = 100n;
const LEAST_GRANT_PUTS = 20n;

/**
 * Says when a request may be sent: one for all writers of a process, its threads included, since all it knows is in shared
 * memory. Puts are spread over time by a rate that 503s halve and that grows again while it is used, and by the cap on
 * puts a second; dollars are counted by the day, UTC.
 *
 * Rates as S3 documents them: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html. Spreading
 * is the generic cell rate algorithm: the time of the next put is all its state.
 */
export class RequestBudget {
  readonly memory: SharedArrayBuffer;
  readonly #state: BigInt64Array;
  readonly #options: BudgetOptions;
  readonly #prices: RequestPrices;
  readonly #dailyCap: bigint | undefined;
  #asking: Promise<void> | undefined;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#prices = options.prices ?? S3_PRICES;
    const dollars = options.caps?.maxDollarsPerDay;
    this.#dailyCap = dollars === undefined ? undefined : BigInt(Math.round(dollars * 1e6)) * (DOLLAR / 1_000_000n);
    this.memory = options.memory ?? new SharedArrayBuffer(Object.keys(PLACES).length * 8);
    this.#state = new BigInt64Array(this.memory);
    const start = BigInt(Math.ceil((options.startPutsPerSecond ?? START_RATE) * 1000));
    this.#swap("rate", 0n, start);
    this.#swap("peak", 0n, start);
  }

  /** Waits until a request may be sent. @throws the signal's reason when it is aborted meanwhile */
  async admit(kind: RequestKind, signal?: AbortSignal): Promise<Admission> {
    signal?.throwIfAborted();
    const admission = this.#pay(kind) ? undefined : await this.#payLater(kind);
    if (admission !== undefined) return admission;
    // A removal costs nothing, but it is a write: it takes its turn among the puts.
    const slot = kind === "put" || kind === "remove" ? this.#takeSlot() : 0;
    if (typeof slot !== "number") {
      Atomics.sub(this.#state, place("spent"), this.#prices[kind]);
      return slot;
    }
    if (slot > 0) {
      await this.#options.sleep(slot, signal);
      signal?.throwIfAborted();
    }
    Atomics.add(this.#state, place(kind), 1n);
    return { kind: "admitted" };
  }

  /** Notes that the store took a put: the rate grows. */
  taken(): void {
    const rate = Number(this.#get("rate"));
    const peak = Number(this.#get("peak"));
    const seconds = rate < peak ? RECOVERY_SECONDS : GROWTH_SECONDS;
    const grown = rate + (Math.max(rate, peak) / seconds / rate) * 1000;
    // Puts that are capped don't show what the store would take.
    const cap = this.#options.caps?.maxPutsPerSecond;
    if (cap !== undefined && rate > 2000 * cap) return;
    this.#swap("rate", BigInt(rate), BigInt(Math.ceil(grown)));
  }

  /** Notes that the store asked for fewer requests: the rate is halved, once a second at most. */
  throttled(): void {
    const now = this.#options.clock();
    const cutAt = this.#get("cutAt");
    if (now - Number(cutAt) < CUT_MS || !this.#swap("cutAt", cutAt, BigInt(now))) return;
    const rate = Number(this.#get("rate"));
    const peak = Number(this.#get("peak"));
    // A rate that it took not long ago is come back to soon; not one that it took long ago.
    Atomics.store(this.#state, place("peak"), BigInt(Math.round(Math.max(rate, START_RATE * 1000, peak * 0.75))));
    Atomics.store(this.#state, place("rate"), BigInt(Math.round(Math.max(rate / 2, LEAST_RATE * 1000))));
  }

  /** Puts a second that it lets through now. */
  get putsPerSecond(): number {
    return Math.min(Number(this.#get("rate")) / 1000, this.#options.caps?.maxPutsPerSecond ?? Infinity);
  }

  /** Requests so far, of all threads. */
  get requests(): Readonly<Record<RequestKind, number>> {
    const count = (kind: RequestKind): number => Number(this.#get(kind));
    return { put: count("put"), remove: count("remove"), get: count("get"), list: count("list") };
  }

  /** Dollars that this process has spent today. */
  get dollarsToday(): number {
    this.#turnDay();
    return Number(this.#get("spent")) / Number(DOLLAR);
  }

  /** The wait for the next put in milliseconds, which is then taken; or that it is too long. */
  #takeSlot(): number | Admission {
    const now = BigInt(Math.round(this.#options.clock() * 1000));
    const gap = BigInt(Math.ceil(1_000_000 / this.putsPerSecond));
    for (;;) {
      const next = this.#get("nextPut");
      const earliest = now - BURST_US;
      const slot = next > earliest ? next : earliest;
      const waitMs = Number(slot - now) / 1000;
      if (waitMs > LONGEST_WAIT_MS) {
        return { kind: "deferred", until: Math.ceil(Number(slot) / 1000), reason: "puts-a-second" };
      }
      if (this.#swap("nextPut", next, slot + gap)) return Math.max(0, Math.ceil(waitMs));
    }
  }

  #pay(kind: RequestKind): boolean {
    this.#turnDay();
    const price = this.#prices[kind];
    const spent = Atomics.add(this.#state, place("spent"), price) + price;
    if (this.#dailyCap === undefined) return true;
    const limit = this.#options.ledger === undefined ? this.#dailyCap : this.#get("granted");
    if (spent <= limit) return true;
    Atomics.sub(this.#state, place("spent"), price);
    return false;
  }

  /** Pays from what the ledger grants. @returns undefined when it granted enough */
  async #payLater(kind: RequestKind): Promise<Admission | undefined> {
    const { ledger, clock } = this.#options;
    for (;;) {
      const day = Math.floor(clock() / DAY_MS);
      const deferred: Admission = { kind: "deferred", until: (day + 1) * DAY_MS, reason: "dollars-a-day" };
      if (ledger === undefined || this.#get("usedUp") === BigInt(day)) return deferred;
      // Whoever comes meanwhile waits for the same grant.
      this.#asking ??= this.#ask(ledger, day).finally(() => (this.#asking = undefined));
      await this.#asking;
      if (this.#pay(kind)) return undefined;
    }
  }

  async #ask(ledger: SpendLedger, day: number): Promise<void> {
    const cap = this.#dailyCap ?? 0n;
    const granted = await ledger.take(day, max(cap / GRANTS_A_DAY, this.#prices.put * LEAST_GRANT_PUTS), cap);
    this.#turnDay();
    if (granted > 0n) Atomics.add(this.#state, place("granted"), granted);
    else Atomics.store(this.#state, place("usedUp"), BigInt(day));
  }

  #turnDay(): void {
    const day = BigInt(Math.floor(this.#options.clock() / DAY_MS));
    const before = this.#get("day");
    if (before >= day || !this.#swap("day", before, day)) return;
    Atomics.store(this.#state, place("spent"), 0n);
    Atomics.store(this.#state, place("granted"), 0n);
  }

  #get(name: Place): bigint {
    return Atomics.load(this.#state, place(name));
  }

  #swap(name: Place, before: bigint, after: bigint): boolean {
    return Atomics.compareExchange(this.#state, place(name), before, after) === before;
  }
}

const place = (name: Place): number => PLACES[name];
const max = (left: bigint, right: bigint): bigint => (left > right ? left : right);
