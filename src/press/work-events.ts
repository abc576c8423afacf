import type { EntityChange } from "../core/change.ts";
import { readChange } from "../core/change-event.ts";
import type { ChangeEvent } from "../core/change-event.ts";
import type { Tuple } from "../core/tuple.ts";
import { decodeWork } from "../core/work-message.ts";
import type { PagesMessage, RouteMessage } from "../core/work-message.ts";
import type { Received } from "../queue/queue.ts";

/** A change of an entity as its events tell of it. */
export interface AnnouncedChange extends Omit<EntityChange, "before"> {
  /** Undefined when an event doesn't know. */
  readonly before: EntityChange["before"] | undefined;
}

/** What a batch of messages asks for, each thing once, with the messages that ask for it. */
export interface WorkEvents {
  readonly changes: readonly { readonly change: AnnouncedChange; readonly source: readonly Received[] }[];
  readonly pages: readonly { readonly message: PagesMessage; readonly source: readonly Received[] }[];
  readonly routes: readonly { readonly message: RouteMessage; readonly source: readonly Received[] }[];
  readonly refused: readonly { readonly received: Received; readonly reason: string }[];
}

interface Merging {
  readonly type: string;
  readonly id: string;
  version: number;
  fields: Set<string> | undefined;
  before: Map<string, Tuple | null> | undefined;
  readonly source: Received[];
}

/**
 * Reads messages. Events of one entity become one: the newest version, the union of the fields and of the values before.
 * Requests for one and the same set of pages become the newest of them. What needs newer data than `version` is kept apart: it has to wait,
 * for ever if it is of a state that the source was restored from, and the others haven't.
 */
export function readEvents(messages: readonly Received[], version: number): WorkEvents {
  const changes = new Map<string, Merging>();
  const pages = new Map<string, { message: PagesMessage; readonly source: Received[] }>();
  const routes = new Map<string, { message: RouteMessage; readonly source: Received[] }>();
  const refused: { readonly received: Received; readonly reason: string }[] = [];
  for (const received of messages) {
    const parsed = parseObject(received.body);
    if (parsed === undefined) {
      refused.push({ received, reason: "the message can't be used: it is no JSON object" });
      continue;
    }
    if (parsed["kind"] === "change") {
      const read = readChange(parsed);
      if (read.ok) merge(changes, read.event, received, (read.event.version ?? 0) > version);
      else refused.push({ received, reason: `the message can't be used: ${read.problem}` });
      continue;
    }
    const decoded = decodeWork(parsed);
    if (!decoded.ok) refused.push({ received, reason: `the message can't be used: ${decoded.problem}` });
    else {
      const { message } = decoded;
      const isAhead = message.version > version;
      if (message.kind === "pages") join(pages, JSON.stringify([message.keys, isAhead]), message, received);
      else join(routes, JSON.stringify([message.route, isAhead]), message, received);
    }
  }
  return {
    changes: [...changes.values()].map(announced),
    pages: [...pages.values()],
    routes: [...routes.values()],
    refused,
  };
}

/** The newest version that anything of it asks for. */
export function newestAsked({ changes, pages, routes }: WorkEvents): number {
  let newest = 0;
  for (const { change } of changes) newest = Math.max(newest, change.version);
  for (const { message } of [...pages, ...routes]) newest = Math.max(newest, message.version);
  return newest;
}

function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    return parsed as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function merge(changes: Map<string, Merging>, event: ChangeEvent, received: Received, isAhead: boolean): void {
  const name = JSON.stringify([event.type, event.id, isAhead]);
  let merging = changes.get(name);
  if (merging === undefined) {
    const { type, id } = event;
    merging = { type, id, version: 0, fields: new Set(), before: new Map(), source: [] };
    changes.set(name, merging);
  }
  merging.version = Math.max(merging.version, event.version ?? 0);
  merging.source.push(received);
  if (event.fields === undefined) merging.fields = undefined;
  else for (const field of event.fields) merging.fields?.add(field);
  if (event.before === undefined) merging.before = undefined;
  else for (const tuple of event.before) merging.before?.set(JSON.stringify(tuple), tuple);
}

function announced({ source, fields, before, ...change }: Merging): WorkEvents["changes"][number] {
  return {
    change: {
      ...change,
      fields: fields === undefined ? undefined : [...fields],
      before: before === undefined ? undefined : [...before.values()],
    },
    source,
  };
}

function join<M extends PagesMessage | RouteMessage>(
  joined: Map<string, { message: M; readonly source: Received[] }>,
  name: string,
  message: M,
  received: Received,
): void {
  const known = joined.get(name);
  if (known === undefined) {
    joined.set(name, { message, source: [received] });
    return;
  }
  known.source.push(received);
  known.message = {
    ...known.message,
    version: Math.max(known.message.version, message.version),
    epoch: Math.max(known.message.epoch, message.epoch),
    isForced: known.message.isForced || message.isForced,
    since: Math.min(known.message.since, message.since),
    waited: Math.max(known.message.waited, message.waited),
  };
}

/** What a press of pages is asked to be. */
export interface AskedPages {
  readonly version: number;
  readonly epoch: number;
  readonly isForced: boolean;
  readonly since: number;
  readonly findsFurther: boolean;
  /** How often its one page has failed before. */
  readonly tries?: number;
}
