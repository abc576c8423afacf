import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import type { ObjectStore, PutCondition } from "./object-store.ts";
import type { SpendLedger } from "./request-budget.ts";

/** In the store's own folder, which is never served. */
const KEY = ".rekiln/spend.json" as ObjectKey;
const TRIES_MAX = 30;
const PAUSE_MS = 200;

export interface StoredSpendSettings {
  /** The store whose requests are counted, by way of a budget without a cap in dollars. */
  readonly open: () => Promise<ObjectStore>;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
}

interface Spent {
  readonly day: number;
  readonly taken: bigint;
}

/**
 * What all processes of a site have taken of a day's cap, in an object of the store itself, changed by conditional put. What a
 * process took and didn't spend isn't given back: the cap is never exceeded, and a hundredth of it may be left over for each process.
 */
export class StoredSpend implements SpendLedger {
  readonly #settings: StoredSpendSettings;
  #store: Promise<ObjectStore> | undefined;

  constructor(settings: StoredSpendSettings) {
    this.#settings = settings;
  }

  async take(day: number, wanted: bigint, cap: bigint): Promise<bigint> {
    this.#store ??= this.#settings.open();
    const store = await this.#store;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const { spent, condition } = await read(store);
      // Another machine may be in tomorrow already.
      const taken = spent === undefined || spent.day < day ? 0n : spent.taken;
      const left = cap - taken;
      const granted = left < wanted ? left : wanted;
      if (granted <= 0n) return 0n;
      const text = JSON.stringify({ day: Math.max(day, spent?.day ?? 0), taken: String(taken + granted) });
      const headers = { contentType: "application/json; charset=utf-8" };
      const outcome = await store.put({ key: KEY, content: Buffer.from(text), headers, condition });
      if (outcome.kind === "put") return granted;
      if (outcome.kind === "refused") throw outcome.error;
      await this.#settings.sleep(PAUSE_MS * this.#settings.random(), undefined);
    }
    throw new RekilnError({
      code: "store-spend",
      message: `What was spent today couldn't be noted in ${store.name}${KEY}.`,
      disposition: "retry",
      hint: "Too many others write it at once, or the store doesn't answer: it is tried again later.",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#store)?.[Symbol.asyncDispose]();
  }
}

async function read(
  store: ObjectStore,
): Promise<{ readonly spent: Spent | undefined; readonly condition: PutCondition }> {
  const got = await store.get(KEY);
  switch (got.kind) {
    case "found":
      return { spent: parse(Buffer.from(got.content).toString()), condition: { ifMatch: got.head.etag } };
    case "absent":
      return { spent: undefined, condition: { ifNoneMatch: "*" } };
    case "deferred":
      throw new Error("the ledger's own requests have no cap");
    case "throttled":
    case "unreachable":
    case "refused":
      throw got.error;
  }
}

/** Undefined for what isn't ours: it is written anew. */
function parse(text: string): Spent | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const { day, taken } = parsed as Readonly<Record<string, unknown>>;
    if (typeof day !== "number" || typeof taken !== "string" || !/^\d+$/.test(taken)) return undefined;
    return { day, taken: BigInt(taken) };
  } catch {
    return undefined;
  }
}
