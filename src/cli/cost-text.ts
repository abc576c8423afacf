import { dollarText, priceOf, REQUEST_KINDS } from "../core/prices.ts";
import type { Prices, Requests } from "../core/prices.ts";
import { count } from "./count.ts";

const NAMES: Readonly<Record<keyof Prices, string>> = { put: "PUT", get: "GET", list: "LIST", queue: "queue" };

/** `1,000 PUT, 2 LIST: $0.005` */
export function costText(requests: Requests, prices: Prices): string {
  const parts = REQUEST_KINDS.filter((kind) => requests[kind] > 0).map(
    (kind) => `${count(requests[kind])} ${NAMES[kind]}`,
  );
  return `${parts.length === 0 ? "no requests" : parts.join(", ")}: ${dollarText(priceOf(requests, prices))}`;
}

/** How a run over a directory ends: whatever it did, nothing of it is billed. */
export const DIRECTORY_COST = "Cost: nothing. A directory and SQLite bill no requests.";
