import type { ChangeRequest } from "../core/change-request.ts";
import { formatEntityName } from "../core/entity-name.ts";
import type { RelayReport } from "../press/publish.ts";
import type { Edit } from "../source/edit.ts";
import { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import { PostgresSource } from "../source/postgres-source.ts";
import { addReports } from "../source/source.ts";
import type { RefreshReport } from "../source/source.ts";
import type { SiteWriter } from "./site-writer.ts";

const NAMED_MAX = 20;
const BATCH_EDITS = 500;

export interface PublishReport {
  /** Entities of which an event was made. */
  readonly changed: number;
  /** Entities of a mirrored source that are what they were, and the first of them. */
  readonly unchangedCount: number;
  readonly unchanged: readonly string[];
  /** Changes that don't agree with the source, the first of them each with its reason. */
  readonly refusedCount: number;
  readonly refused: readonly string[];
  /** What taking a mirrored source in gave; undefined for a source that rekiln owns. */
  readonly source: RefreshReport | undefined;
  /** The changes couldn't be stored; that there are some is marked, and they are looked for once that is over. */
  readonly isMarked: boolean;
  readonly relay: RelayReport;
}

/**
 * Tells the queue of changes. A mirrored source is taken in first, of Postgres only what is named: what really changed since makes the
 * events, those of other entities that were taken in too. Of a source that rekiln owns, the pages of each entity that is named are made anew. When it returns, each event is in
 * the queue, or in the outbox.
 *
 * @param requests checked already, as many as there are
 */
export async function runPublish(
  site: SiteWriter,
  requests: Iterable<ChangeRequest> | AsyncIterable<ChangeRequest>,
  signal: AbortSignal,
): Promise<PublishReport> {
  const tally = new Tally();
  const isStored = await site.publisher(signal).publish(async () => {
    const { source } = site;
    if (source instanceof EmbeddedSource) await touchAll(source, requests, tally, signal);
    else if (source instanceof PostgresSource) tally.source = await compareSome(site, source, requests, tally, signal);
    else tally.source = await compareAll(site, source, requests, tally, signal);
  });
  if (isStored) return { ...tally.report(), isMarked: false, relay: await site.relay(signal) };
  const relay: RelayReport = { sent: 0, waiting: 0, tooLarge: 0, error: undefined, needsBuild: false };
  return { ...tally.report(), isMarked: true, relay };
}

class Tally {
  source: RefreshReport | undefined;
  changed = 0;
  readonly #unchanged: string[] = [];
  #unchangedCount = 0;
  readonly #refused: string[] = [];
  #refusedCount = 0;

  unchanged(request: ChangeRequest): void {
    this.#unchangedCount++;
    if (this.#unchanged.length < NAMED_MAX) this.#unchanged.push(formatEntityName(request));
  }

  refuse(request: ChangeRequest, why: string): void {
    this.#refusedCount++;
    if (this.#refused.length < NAMED_MAX) this.#refused.push(`${formatEntityName(request)} ${why}`);
  }

  report(): Omit<PublishReport, "relay" | "isMarked"> {
    return {
      changed: this.changed,
      unchangedCount: this.#unchangedCount,
      unchanged: this.#unchanged,
      refusedCount: this.#refusedCount,
      refused: this.#refused,
      source: this.source,
    };
  }
}

async function compareAll(
  site: SiteWriter,
  source: Mirror,
  requests: Iterable<ChangeRequest> | AsyncIterable<ChangeRequest>,
  tally: Tally,
  signal: AbortSignal,
): Promise<RefreshReport | undefined> {
  const before = source.version();
  const report = (await source.isCurrent(signal)) ? undefined : await source.refresh(() => undefined, signal);
  await compare(site, source, before, requests, tally);
  return report;
}

/** Takes in what is named; everything, when that is needed, once. */
async function compareSome(
  site: SiteWriter,
  source: PostgresSource,
  requests: Iterable<ChangeRequest> | AsyncIterable<ChangeRequest>,
  tally: Tally,
  signal: AbortSignal,
): Promise<RefreshReport | undefined> {
  let report: RefreshReport | undefined;
  let wholeSince: number | undefined;
  const take = async (batch: readonly ChangeRequest[]): Promise<void> => {
    const before = source.version();
    if (wholeSince === undefined) {
      const some = await source.takeInSome(batch, signal);
      if (some === undefined) wholeSince = before;
      report = addReports(report, some ?? (await source.refresh(() => undefined, signal)));
    }
    await compare(site, source, wholeSince ?? before, batch, tally);
  };
  let batch: ChangeRequest[] = [];
  for await (const request of requests) {
    batch.push(request);
    if (batch.length < BATCH_EDITS) continue;
    await take(batch);
    batch = [];
  }
  if (batch.length > 0) await take(batch);
  return report;
}

/** Tells which of the changes are so, by what changed after a version. */
async function compare(
  site: SiteWriter,
  source: Mirror,
  before: number,
  requests: Iterable<ChangeRequest> | AsyncIterable<ChangeRequest>,
  tally: Tally,
): Promise<void> {
  const changes = source.version() === before ? [] : source.changesSince(before);
  // Undefined when there were too many to keep: all may have changed.
  const changed = changes === undefined ? undefined : new Set(changes.map(formatEntityName));
  using reader = source.reader();
  const snapshot = reader.snapshot();
  for await (const request of requests) {
    const isThere = snapshot.get(request.type, request.id) !== undefined;
    if (request.deleted && isThere) {
      tally.refuse(request, `is still there, in ${await site.placeOf(request.type, request.id)}`);
    } else if (changed?.has(formatEntityName(request)) === false) {
      tally.unchanged(request);
    } else {
      tally.changed++;
    }
  }
}

async function touchAll(
  source: EmbeddedSource,
  requests: Iterable<ChangeRequest> | AsyncIterable<ChangeRequest>,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  await source.refresh(() => undefined, signal);
  using reader = source.reader();
  const snapshot = reader.snapshot();
  let edits: Edit[] = [];
  const flush = async (): Promise<void> => {
    await source.apply(edits);
    tally.changed += edits.length;
    edits = [];
  };
  for await (const request of requests) {
    const { type, id, deleted } = request;
    if (deleted && snapshot.get(type, id) !== undefined) {
      tally.refuse(request, `is still there: rekiln delete ${formatEntityName(request)}`);
      continue;
    }
    edits.push({ kind: "touch", type, id });
    if (edits.length === BATCH_EDITS) await flush();
    signal.throwIfAborted();
  }
  if (edits.length > 0) await flush();
}
