import { dollarText, priceOf, REQUEST_KINDS } from "../core/prices.ts";
import type { Cost, Prices, Requests } from "../core/prices.ts";
import { count } from "./count.ts";

const NAMES: Readonly<Record<keyof Prices, string>> = { put: "PUT", get: "GET", list: "LIST", queue: "queue" };

function requestsText(requests: Requests): string {
  const parts = REQUEST_KINDS.filter((kind) => requests[kind] > 0).map(
    (kind) => `${count(requests[kind])} ${NAMES[kind]}`,
  );
  return parts.length === 0 ? "no requests" : parts.join(", ");
}

/** `1,000 PUT, 2 LIST: $0.005` */
export function costText(requests: Requests, prices: Prices): string {
  return `${requestsText(requests)}: ${dollarText(priceOf(requests, prices))}`;
}

/** How a run over a directory and SQLite ends: whatever it did, nothing of it is billed. */
const DIRECTORY_COST = "Cost: nothing. A directory and SQLite bill no requests.";

/** How a run ends. */
export function runCostText({ requests, dollars }: Cost): string {
  if (REQUEST_KINDS.every((kind) => requests[kind] === 0)) return DIRECTORY_COST;
  const known = dollars > 0 ? dollarText(dollars) : "the config has no prices for them";
  return `Cost: ${requestsText(requests)}: ${known}.`;
}
