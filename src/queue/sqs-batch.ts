import { RekilnError } from "../core/errors.ts";
import type { Sleep } from "./queue.ts";
import { sqsError } from "./sqs-error.ts";

/** What SQS takes at once: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const ENTRIES_MAX = 10;
/** 1 MiB since 2025; the older limit is what compatible services have. */
const BYTES_MAX = 256 * 1024;
const TRIES_MAX = 4;
const FIRST_PAUSE_MS = 100;
/** Batches under way at once. */
const SIDE_BY_SIDE = 8;

/** Refusals, also by services that call them their own fault. */
const REFUSALS = new Set([
  "ReceiptHandleIsInvalid",
  "InvalidParameterValue",
  "MessageNotInflight",
  "InvalidMessageContents",
]);

export type EntryOutcome =
  | { readonly kind: "done"; readonly id: string }
  /** By the service, for what the entry says: the same again would be refused again. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "failed"; readonly error: RekilnError };

interface AnsweredEntry {
  readonly Id: string | undefined;
  readonly MessageId?: string | undefined;
}
interface FailedEntry {
  readonly Id: string | undefined;
  readonly Code: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault: boolean | undefined;
}

interface BatchAnswer {
  readonly Successful?: readonly AnsweredEntry[] | undefined;
  readonly Failed?: readonly FailedEntry[] | undefined;
}

interface BatchCall<T> {
  /** For messages. */
  readonly what: string;
  readonly bytesOf?: (item: T) => number;
  readonly send: (entries: readonly (T & { readonly Id: string })[]) => Promise<BatchAnswer>;
  readonly sleep: Sleep;
}

/**
 * Sends entries in batches of ten. A batch may fail in parts: what the service failed at is tried again one by one, what it refuses isn't.
 * @returns outcomes in the order of the items
 */
export async function sendEntries<T extends object>(
  items: readonly T[],
  call: BatchCall<T>,
): Promise<readonly EntryOutcome[]> {
  const outcomes: EntryOutcome[] = [];
  const batches = cut(items, call.bytesOf ?? (() => 0));
  const runner = async (): Promise<void> => {
    for (const places of batches) {
      const sent = await sendBatch(items, places, call);
      for (const [index, outcome] of sent.entries()) outcomes[places[index] ?? 0] = outcome;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, runner));
  return outcomes;
}

/** The places of items that go together. */
function* cut<T>(items: readonly T[], bytesOf: (item: T) => number): Generator<readonly number[]> {
  let batch: number[] = [];
  let bytes = 0;
  for (const [place, item] of items.entries()) {
    const more = bytesOf(item);
    if (batch.length === ENTRIES_MAX || (batch.length > 0 && bytes + more > BYTES_MAX)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(place);
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}

async function sendBatch<T extends object>(
  items: readonly T[],
  places: readonly number[],
  call: BatchCall<T>,
): Promise<readonly EntryOutcome[]> {
  const outcomes = await sendOnce(items, places, call);
  for (const [index, first] of outcomes.entries()) {
    let outcome: EntryOutcome = first;
    for (let tries = 2; outcome.kind === "failed" && isPartial(outcome.error) && tries <= TRIES_MAX; tries++) {
      await call.sleep(FIRST_PAUSE_MS * 2 ** (tries - 2), undefined);
      [outcome = outcome] = await sendOnce(items, places.slice(index, index + 1), call);
    }
    outcomes[index] = outcome;
  }
  return outcomes;
}

async function sendOnce<T extends object>(
  items: readonly T[],
  places: readonly number[],
  { what, send }: BatchCall<T>,
): Promise<EntryOutcome[]> {
  const entries = places.flatMap((place) => {
    const item = items[place];
    return item === undefined ? [] : [{ ...item, Id: String(place) }];
  });
  let answer: BatchAnswer;
  try {
    answer = await send(entries);
  } catch (error) {
    // The SDK has tried it again already.
    return entries.map(() => ({ kind: "failed", error: sqsError(what, error) }));
  }
  return entries.map(({ Id }): EntryOutcome => {
    const done = answer.Successful?.find((one) => one.Id === Id);
    if (done !== undefined) return { kind: "done", id: done.MessageId ?? "" };
    const failed = answer.Failed?.find((one) => one.Id === Id);
    const { Code: code = "no answer", Message: message = "", SenderFault: isOurs = false } = failed ?? {};
    const isRefused = isOurs || REFUSALS.has(code.split(".").at(-1) ?? "");
    return isRefused
      ? { kind: "refused", code, message }
      : { kind: "failed", error: partialError(what, code, message) };
  });
}

const PARTIAL = "queue-entry";

function partialError(what: string, code: string, message: string): RekilnError {
  return new RekilnError({
    code: PARTIAL,
    message: `${what} failed at one message of a batch: ${[code, message].filter((part) => part !== "").join(": ")}`,
    disposition: "retry",
    hint: "It is tried again later.",
  });
}

function isPartial(error: RekilnError): boolean {
  return error.code === PARTIAL;
}
