import { onTestFinished } from "vitest";

import { RequestBudget } from "../../../src/store/request-budget.ts";
import type { BudgetCaps } from "../../../src/store/request-budget.ts";
import { S3ObjectStore } from "../../../src/store/s3-object-store.ts";
import type { S3StoreOptions } from "../../../src/store/s3-object-store.ts";
import { sleep } from "../../../src/system/sleep.ts";

export interface StoreSettings extends Partial<S3StoreOptions> {
  readonly caps?: BudgetCaps;
}

/** A store over S3 or what answers like it, closed when the test ends. Nothing in it waits longer than it must. */
export async function openS3Store(endpoint: string, settings: StoreSettings = {}): Promise<S3ObjectStore> {
  const clock = settings.clock ?? Date.now;
  const store = await S3ObjectStore.open({
    bucket: "bucket",
    prefix: "site/",
    region: "us-east-1",
    endpoint,
    clock,
    sleep: (_, signal) => sleep(0, signal),
    random: Math.random,
    budget: new RequestBudget({ clock, sleep, caps: settings.caps, startPutsPerSecond: 100_000 }),
    credentials: async () => ({ accessKeyId: "test", secretAccessKey: "secret" }),
    ...settings,
  });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}
