import type { S3Store } from "../site/declare-fleet.ts";
import { probeConditions } from "../store/probe-conditions.ts";
import { RequestBudget } from "../store/request-budget.ts";
import type { S3ObjectStore } from "../store/s3-object-store.ts";
import { StoredSpend } from "../store/stored-spend.ts";
import { sleep } from "./sleep.ts";
import type { ObjectStoreSetup } from "./store-setup.ts";

/** The object store that a site declares, with the budget that all its writers in this process go by. */
interface OpenedStore extends AsyncDisposable {
  readonly store: S3ObjectStore;
  readonly budget: RequestBudget;
}

/** `memory`: of the budget of the thread that started this one. @throws RekilnError when it isn't known where the bucket is */
export async function openStore(declared: S3Store, memory?: SharedArrayBuffer): Promise<OpenedStore> {
  // Its client for HTTP is a quarter of what a command takes to start: sites in a directory do without.
  const { S3ObjectStore: Store } = await import("../store/s3-object-store.ts");
  const { bucket, prefix, region, endpoint, pathStyle, concurrency, maxPutsPerSecond, maxDollarsPerDay } = declared;
  const surroundings = { clock: Date.now, sleep, random: Math.random };
  const open = (budget: RequestBudget): Promise<S3ObjectStore> =>
    Store.open({ bucket, prefix, region, endpoint, pathStyle, concurrency, ...surroundings, budget });
  const caps = { maxPutsPerSecond, maxDollarsPerDay };
  // Its own requests are a few hundred a day; counted, they would wait for themselves.
  const ledger = new StoredSpend({ ...surroundings, open: () => open(new RequestBudget(surroundings)) });
  const budget = new RequestBudget({ ...surroundings, caps, memory, ledger });
  const store = await open(budget);
  return {
    store,
    budget,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await ledger[Symbol.asyncDispose]();
    },
  };
}

/**
 * As `openStore`, for those who write pages: a store that takes puts whatever their condition says is refused by the first that opens it.
 * @throws RekilnError `store-unconditional`
 */
export async function openWritableStore({ declared, budget, probed }: ObjectStoreSetup): Promise<OpenedStore> {
  const opened = await openStore(declared, budget);
  const isProbed = new Int32Array(probed);
  if (Atomics.exchange(isProbed, 0, 1) === 1) return opened;
  try {
    await probeConditions(opened.store);
    return opened;
  } catch (error) {
    Atomics.store(isProbed, 0, 0);
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}
