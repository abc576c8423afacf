import { decodeChange } from "../core/change-event.ts";
import { formatEntityName } from "../core/entity-name.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import { decodeWork } from "../core/work-message.ts";
import { LANES } from "../queue/queue.ts";
import type { Queue } from "../queue/queue.ts";
import type { Outbox } from "../source/outbox.ts";

const LOOKED_AT_MAX = 1000;

/** What the outbox and the queue still ask for. */
export interface PendingWork {
  /** Whether something may ask for a page, or tell of a change of an entity (`film:42`). When not all of it can be seen, everything may be. */
  mayBe(key: PageKey, entity: string | undefined): boolean;
}

/** Looks at what waits, without receiving it. */
export async function readPendingWork(queue: Pick<Queue, "depth" | "peek">, outbox: Outbox): Promise<PendingWork> {
  const entities = new Set<string>();
  const keys = new Set<PageKey>();
  const routes = new Set<string>();
  const depth = await queue.depth();
  let isWhole = outbox.count() <= LOOKED_AT_MAX;
  if (isWhole)
    for (const { change } of outbox.waiting(0, LOOKED_AT_MAX).changes) entities.add(formatEntityName(change));
  for (const lane of LANES) {
    const { waiting, inFlight, delayed } = depth[lane];
    // What others hold, or what waits for its time, can't be seen.
    if (inFlight + delayed > 0 || waiting > LOOKED_AT_MAX) isWhole = false;
    if (waiting === 0 || !isWhole) continue;
    for (const { body } of await queue.peek(lane, LOOKED_AT_MAX)) {
      const read = decodeChange(body);
      if (read.ok) {
        entities.add(formatEntityName(read.event));
        continue;
      }
      const work = decodeWork(parsed(body));
      if (!work.ok) continue;
      if (work.message.kind === "route") routes.add(work.message.route);
      else for (const key of work.message.keys) keys.add(key);
    }
  }
  return {
    mayBe: (key, entity) =>
      !isWhole ||
      keys.has(key) ||
      routes.has(parsePageKey(key).route) ||
      (entity !== undefined && entities.has(entity)),
  };
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
