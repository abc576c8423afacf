import { REQUEST_KINDS } from "../core/prices.ts";
import type { Prices } from "../core/prices.ts";
import { checkKeys, isObject } from "./check-object.ts";
import type { Report } from "./problem.ts";

/** A directory and SQLite bill nothing. */
const FREE: Prices = { put: 0, get: 0, list: 0, queue: 0 };

/** Checks the `prices` of a config. */
export function checkPrices(value: unknown, report: Report): Prices {
  if (value === undefined) return FREE;
  const hint = "give dollars a million requests, e.g. prices: { put: 5, get: 0.4, list: 5, queue: 0.4 }";
  if (!isObject(value)) {
    report("prices", "is no object", hint);
    return FREE;
  }
  checkKeys("prices", value, REQUEST_KINDS, report);
  const prices: Record<keyof Prices, number> = { ...FREE };
  for (const kind of REQUEST_KINDS) {
    const price = value[kind] ?? 0;
    if (typeof price === "number" && Number.isFinite(price) && price >= 0) prices[kind] = price;
    else report(`prices.${kind}`, "is no price", hint);
  }
  return prices;
}
