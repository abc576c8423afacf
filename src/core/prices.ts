/** What requests cost, in dollars a million, by what they do. */
export interface Prices {
  readonly put: number;
  /** GET and HEAD. */
  readonly get: number;
  /** Each lists a thousand objects. */
  readonly list: number;
  /** Sends, receives and acks of the queue; up to ten messages in each. */
  readonly queue: number;
}

/** How many requests something makes, or made. */
export type Requests = Readonly<Record<keyof Prices, number>>;

export const REQUEST_KINDS = ["put", "get", "list", "queue"] as const satisfies readonly (keyof Prices)[];

export const NO_REQUESTS: Requests = { put: 0, get: 0, list: 0, queue: 0 };

/** What a run has cost. */
export interface Cost {
  readonly requests: Requests;
  readonly dollars: number;
}

export function costOf(requests: Requests, prices: Prices): Cost {
  return { requests, dollars: priceOf(requests, prices) };
}

export function addCosts(left: Cost, right: Cost): Cost {
  const sum = (kind: keyof Prices): number => left.requests[kind] + right.requests[kind];
  const requests = { put: sum("put"), get: sum("get"), list: sum("list"), queue: sum("queue") };
  return { requests, dollars: left.dollars + right.dollars };
}

/** In dollars. */
export function priceOf(requests: Requests, prices: Prices): number {
  return REQUEST_KINDS.reduce((sum, kind) => sum + (requests[kind] * prices[kind]) / 1_000_000, 0);
}

/** `$0.0123`, with as many digits as it takes to say something. */
export function dollarText(dollars: number): string {
  if (dollars === 0) return "$0";
  return `$${dollars.toFixed(dollars >= 1 ? 2 : Math.min(20, 1 - Math.floor(Math.log10(dollars))))}`;
}
