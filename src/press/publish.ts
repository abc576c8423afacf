import { encodeChange } from "../core/change-event.ts";
import type { Cost } from "../core/prices.ts";
import { RekilnError } from "../core/errors.ts";
import { isPassing } from "../core/passing-error.ts";
import type { Queue, SendResult } from "../queue/queue.ts";
import type { Outbox, WaitingChange } from "../source/outbox.ts";

const BATCH_ROWS = 500;

export interface RelayReport {
  /** Events that the queue has taken. */
  readonly sent: number;
  /** Change rows that are still in the outbox: those that the queue didn't take, and those that no event can hold. */
  readonly waiting: number;
  /** Changes that no event can hold: a build follows them. */
  readonly tooLarge: number;
  /** Why the queue didn't take all; undefined when it did. */
  readonly error: RekilnError | undefined;
  /** There were more changes than are kept: a build is needed, which is whole. */
  readonly needsBuild: boolean;
  /** What the queue's requests are billed, where somebody bills them, and whoever relays knows the prices. */
  readonly cost?: Cost | undefined;
}

export interface RelayOptions {
  readonly batchRows?: number;
  /** Ends it between two batches. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends what waits in an outbox to the `live` lane, the changes of one entity that stand near each other in one event. A change leaves the
 * outbox only after the queue said `sent` for all of it: killed at any point, or run by two at once, it sends some twice and loses none.
 * What the queue doesn't take stays, and is no error: the report says so.
 */
export async function relayOutbox(outbox: Outbox, queue: Queue, options: RelayOptions = {}): Promise<RelayReport> {
  const { batchRows = BATCH_ROWS, signal } = options;
  let sent = 0;
  let tooLarge = 0;
  let error: RekilnError | undefined;
  let batch = outbox.waiting(0, batchRows);
  while (batch.last !== undefined) {
    if (signal?.aborted === true) break;
    const sending = await sendChanges(queue, batch.changes);
    sent += sending.sent;
    tooLarge += sending.tooLarge;
    const unmarked = mark(outbox, sending.rows);
    error ??= sending.error ?? unmarked;
    // A queue that took nothing of a batch takes nothing now.
    if (sending.error !== undefined && sending.rows.length === 0) break;
    batch = outbox.waiting(batch.last, batchRows);
  }
  return { sent, waiting: outbox.count(), tooLarge, error, needsBuild: outbox.needsBuild() };
}

/** What can't be marked now is sent once more later. */
function mark(outbox: Outbox, rows: readonly number[]): RekilnError | undefined {
  try {
    if (rows.length > 0) outbox.markQueued(rows);
    return undefined;
  } catch (error) {
    if (error instanceof RekilnError) return error;
    if (!isPassing(error)) throw error;
    return new RekilnError({
      code: "outbox-unmarked",
      message: `What was sent can't be noted in the outbox: ${error.message}.`,
      disposition: "retry",
      hint: "It is sent once more later, which does no harm.",
      cause: error,
    });
  }
}

interface Sending {
  readonly sent: number;
  readonly tooLarge: number;
  /** Rows whose every event was taken. */
  readonly rows: readonly number[];
  readonly error: RekilnError | undefined;
}

async function sendChanges(queue: Queue, changes: readonly WaitingChange[]): Promise<Sending> {
  const bodies: string[] = [];
  const events: { readonly rows: readonly number[]; readonly end: number }[] = [];
  let tooLarge = 0;
  for (const { change, rows } of changes) {
    const encoded = encodeChange({ ...change, deleted: false, waited: 0 });
    if (!encoded.ok) {
      tooLarge++;
      continue;
    }
    bodies.push(...encoded.bodies);
    events.push({ rows, end: bodies.length });
  }
  const results = await sendAll(queue, bodies);
  const rows: number[] = [];
  let start = 0;
  for (const event of events) {
    if (results.slice(start, event.end).every(({ kind }) => kind === "sent")) rows.push(...event.rows);
    start = event.end;
  }
  const failed = results.find((result) => result.kind === "failed");
  return { sent: results.filter(({ kind }) => kind === "sent").length, tooLarge, rows, error: failed?.error };
}

/** A queue that can't be used at all fails like one that took none. */
async function sendAll(queue: Queue, bodies: readonly string[]): Promise<readonly SendResult[]> {
  if (bodies.length === 0) return [];
  try {
    return await queue.send(
      "live",
      bodies.map((body) => ({ body })),
    );
  } catch (error) {
    if (!(error instanceof RekilnError)) throw error;
    return bodies.map((): SendResult => ({ kind: "failed", error }));
  }
}
