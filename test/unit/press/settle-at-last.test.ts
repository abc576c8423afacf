import { expect, test } from "vitest";

import { RekilnError } from "../../../src/core/errors.ts";
import { settleAtLast } from "../../../src/press/settle-at-last.ts";
import type { Standing } from "../../../src/press/work-context.ts";

const passing = new RekilnError({ code: "store-full", message: "No space is left.", disposition: "retry" });
const current = (): Standing => ({ kind: "current" });

/** What is settled fails so often; `paused` is how often it was waited for. */
function settling(failures: number, error: Error = passing) {
  const run = { tries: 0, paused: 0 };
  const settle = async (): Promise<void> => {
    if (run.tries++ < failures) throw error;
  };
  const pause = async (): Promise<void> => void run.paused++;
  return { run, settle, pause, standing: current, stop: new AbortController().signal };
}

test("what can't be settled now is tried again, until it can", async () => {
  const { run, ...how } = settling(3);
  await settleAtLast(how);
  expect(run).toEqual({ tries: 4, paused: 3 });
});

test("whoever was replaced leaves it to the one that comes after, also while it waits", async () => {
  const { run, ...how } = settling(Number.POSITIVE_INFINITY);
  const standing = (): Standing => (run.paused < 2 ? current() : { kind: "replaced", message: "by another one" });
  await settleAtLast({ ...how, standing });
  expect(run).toEqual({ tries: 2, paused: 2 });
  await settleAtLast({ ...how, standing });
  expect(run.tries).toBe(2);
});

test("what doesn't pass is thrown, and what passes too once it is told to stop", async () => {
  const { run: _, ...broken } = settling(1, new Error("broken"));
  await expect(settleAtLast(broken)).rejects.toThrow("broken");
  const { run, ...stopped } = settling(1);
  await expect(settleAtLast({ ...stopped, stop: AbortSignal.abort() })).rejects.toBe(passing);
  expect(run.paused).toBe(0);
});
