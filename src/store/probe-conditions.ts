import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import type { ObjectEtag, ObjectStore, PutCondition, PutOutcome } from "./object-store.ts";

/** In the store's own folder, which is never served: one, however often it is probed. */
const KEY = ".rekiln/probe.txt" as ObjectKey;
const STALE = '"00000000000000000000000000000000"' as ObjectEtag;
const TRIES_MAX = 5;

/**
 * Finds out whether a store keeps conditions: a create where something is and a replacement of something else must fail.
 *
 * @throws RekilnError `store-unconditional` when one of them succeeds; the store's own error when it can't be asked
 */
export async function probeConditions(store: ObjectStore): Promise<void> {
  await makeProbe(store);
  await mustFail(store, { ifNoneMatch: "*" }, "a create (If-None-Match: *) where something is already");
  await mustFail(store, { ifMatch: STALE }, "a replacement (If-Match) of what isn't there any more");
}

/** Has something stand there, whoever else probes at the same time. */
async function makeProbe(store: ObjectStore): Promise<void> {
  for (let tries = 1; ; tries++) {
    const outcome = await put(store, { ifNoneMatch: "*" });
    if (outcome.kind === "put" || outcome.kind === "precondition-failed") return;
    if (tries === TRIES_MAX || (outcome.kind !== "unknown" && outcome.kind !== "conflict"))
      throw troubleOf(store, outcome);
  }
}

async function mustFail(store: ObjectStore, condition: PutCondition, what: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const outcome = await put(store, condition);
    if (outcome.kind === "precondition-failed") return;
    if (outcome.kind === "put") throw unconditional(store, what);
    if (tries === TRIES_MAX || (outcome.kind !== "unknown" && outcome.kind !== "conflict"))
      throw troubleOf(store, outcome);
  }
}

function put(store: ObjectStore, condition: PutCondition): Promise<PutOutcome> {
  const content = Buffer.from("rekiln writes this to find out whether the store keeps conditions\n");
  return store.put({ key: KEY, content, headers: { contentType: "text/plain; charset=utf-8" }, condition });
}

function unconditional(store: ObjectStore, what: string): RekilnError {
  return new RekilnError({
    code: "store-unconditional",
    message: `${store.name} ignores conditions: it took ${what}.`,
    disposition: "fatal",
    hint: "Two workers would overwrite each other's pages there. Use a store with conditional writes: Amazon S3 has them, MinIO, R2 and Ceph do in newer releases.",
  });
}

/** A put that says nothing of conditions, as an error. */
export function troubleOf(store: ObjectStore, outcome: PutOutcome): RekilnError {
  if ("error" in outcome) return outcome.error;
  const why = outcome.kind === "deferred" ? `the cap ${outcome.reason} is reached` : `it answered: ${outcome.kind}`;
  return new RekilnError({
    code: "store-probe",
    message: `${store.name} can't be probed: ${why}.`,
    disposition: "retry",
    hint: "Try it again; if it stays, the store doesn't answer as S3 documents it.",
  });
}
