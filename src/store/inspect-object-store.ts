import { RekilnError } from "../core/errors.ts";
import { bad, doubtful, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import type { ObjectKey } from "../core/path.ts";
import type { HeadOutcome, ObjectStore } from "./object-store.ts";
import { PROBE_KEY, probeConditions } from "./probe-conditions.ts";

const ABSENT = ".rekiln/nothing-is-ever-stored-here" as ObjectKey;

/**
 * Looks whether a store does what rekiln leans on: conditional puts, reads of what was just written, lists, and conditional
 * removals. Writes one small object, `.rekiln/probe.txt`, and removes it where it can.
 */
export async function inspectObjectStore(store: ObjectStore): Promise<readonly Finding[]> {
  const what = `store ${store.name}`;
  try {
    await probeConditions(store);
  } catch (error) {
    if (error instanceof RekilnError) return [bad(what, error.message, error.hint ?? "")];
    throw error;
  }
  const findings = [good(what, "takes puts, and refuses those whose condition doesn't hold")];
  const head = await store.head(PROBE_KEY);
  findings.push(inspectHead(what, head), await inspectAbsent(what, store), await inspectList(what, store, head));
  if (head.kind === "found") findings.push(await inspectRemoval(what, store, head));
  return findings;
}

function inspectHead(what: string, head: HeadOutcome): Finding {
  if (head.kind === "found") return good(what, "gives back what was just put");
  if ("error" in head) return bad(what, head.error.message, head.error.hint ?? "");
  return bad(what, "doesn't give back what was just put", "Use a store that is strongly consistent, as Amazon S3 is.");
}

async function inspectAbsent(what: string, store: ObjectStore): Promise<Finding> {
  const head = await store.head(ABSENT);
  if (head.kind === "absent") return good(what, "says so where nothing is");
  if (head.kind === "refused") {
    const hint = "Without s3:ListBucket what isn't there looks forbidden: add it to the credentials' policy.";
    return bad(what, "doesn't say whether something is there", hint);
  }
  return bad(what, `answers strangely where nothing is: ${head.kind}`, "Check the endpoint.");
}

async function inspectList(what: string, store: ObjectStore, head: HeadOutcome): Promise<Finding> {
  try {
    for await (const page of store.list(PROBE_KEY)) {
      if (page.some(({ key, etag }) => key === PROBE_KEY && head.kind === "found" && etag === head.head.etag)) {
        return good(what, "lists what is there");
      }
    }
    return bad(
      what,
      "doesn't list what was just put",
      "Use a store whose lists are consistent, as those of Amazon S3 are.",
    );
  } catch (error) {
    if (error instanceof RekilnError) return bad(what, `can't be listed: ${error.message}`, error.hint ?? "");
    throw error;
  }
}

async function inspectRemoval(
  what: string,
  store: ObjectStore,
  head: HeadOutcome & { kind: "found" },
): Promise<Finding> {
  const removed = await store.remove(PROBE_KEY, head.head.etag);
  switch (removed.kind) {
    case "removed":
      return good(what, "removes on a condition");
    // Somebody else probes too.
    case "absent":
    case "precondition-failed":
    case "conflict":
      return good(what, "removes on a condition");
    case "unsupported":
      return doubtful(
        what,
        "has no conditional removal",
        "Tombstones of deleted pages stay there; nothing else needs it.",
      );
    case "refused":
      return doubtful(
        what,
        "may not be removed from",
        "Tombstones of deleted pages stay there; s3:DeleteObject lets them go.",
      );
    case "unknown":
    case "throttled":
    case "unreachable":
      return bad(what, removed.error.message, removed.error.hint ?? "");
    case "deferred":
      return doubtful(what, `the cap ${removed.reason} is reached`, "Raise it, or wait.");
  }
}
