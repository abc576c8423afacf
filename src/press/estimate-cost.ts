import type { Requests } from "../core/prices.ts";
import { NO_REQUESTS } from "../core/prices.ts";
import type { Manifest } from "../manifest/manifest.ts";

const LISTED_AT_ONCE = 1000;
const QUEUED_AT_ONCE = 10;
/** A message is sent, received and acked. */
const REQUESTS_PER_MESSAGE = 3;
/** Setting of the manifest: what workers did so far. */
const META = "measured";

/** What workers did for changes of entities, all of them together. */
export interface Measured {
  readonly changes: number;
  readonly rendered: number;
  readonly written: number;
}

export function measuredWork(manifest: Pick<Manifest, "meta">): Measured {
  const [changes = 0, rendered = 0, written = 0] = (manifest.meta(META) ?? "").split(" ").map(Number);
  return { changes, rendered, written };
}

/** Adds what a worker did, when it ends. */
export function noteWork(manifest: Manifest, { changes, rendered, written }: Measured): void {
  if (changes === 0) return;
  manifest.transact(() => {
    const before = measuredWork(manifest);
    const sums = [before.changes + changes, before.rendered + rendered, before.written + written];
    manifest.setMeta(META, sums.join(" "));
  });
}

/** What is known of a site, to estimate from. */
export interface CostBasis {
  readonly pages: number;
  readonly measured: Measured;
}

/** A build that renders and puts everything. */
export function buildRequests({ pages }: CostBasis): Requests {
  return { ...NO_REQUESTS, put: pages, list: Math.ceil(pages / LISTED_AT_ONCE) };
}

/** Changes of entities, as those before them were: a page is looked at before it is put. Without any, a change is taken for ten pages. */
export function eventRequests({ measured }: CostBasis, events: number): Requests {
  const { changes, rendered, written } = measured;
  const [perEvent, putsPerEvent] = changes === 0 ? [10, 10] : [rendered / changes, written / changes];
  return {
    put: Math.ceil(events * putsPerEvent),
    get: Math.ceil(events * perEvent),
    list: 0,
    queue: Math.ceil((events * REQUESTS_PER_MESSAGE) / QUEUED_AT_ONCE),
  };
}

/** A sweep over every page: its etags come from the listing, and nothing is put that is right. */
export function sweepRequests({ pages }: CostBasis): Requests {
  return { ...NO_REQUESTS, get: pages, list: Math.ceil(pages / LISTED_AT_ONCE) };
}
