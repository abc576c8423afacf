import type { Outage, PublisherState } from "./publisher.ts";

/** How publishing stands, as anybody sees it who looks at outbox, marker and queue. */
export interface PublisherStatus {
  readonly state: PublisherState;
  /** Changes in the outbox that the queue hasn't taken yet. */
  readonly spooled: number;
  /** What is marked because it couldn't be stored. */
  readonly outage: Outage | undefined;
}

/** The state of all publishers of a site together, whichever process they are in. */
export function publisherStatus(facts: Omit<PublisherStatus, "state">, answersQueue: boolean): PublisherStatus {
  return { state: stateOf(facts, answersQueue), ...facts };
}

function stateOf({ spooled, outage }: Omit<PublisherStatus, "state">, answersQueue: boolean): PublisherState {
  if (outage !== undefined) return "interval";
  if (spooled === 0) return "ok";
  return answersQueue ? "replay" : "spool";
}
