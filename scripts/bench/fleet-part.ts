import { join } from "node:path";

import { z } from "zod";

import { priceOf } from "../../src/core/prices.ts";
import type { Prices } from "../../src/core/prices.ts";
import type { BenchPart } from "./bench-part.ts";
import { figure } from "./figure.ts";
import { FLEET_CREDENTIALS } from "./fleet-s3.ts";
import { FleetSite } from "./fleet-site.ts";
import type { Asked } from "./fleet-site.ts";
import { rekilnBuild } from "./rekiln-build.ts";
import { rekilnWork } from "./rekiln-work.ts";
import type { RekilnWork } from "./rekiln-work.ts";
import { settleDisk } from "./settle-disk.ts";

/** Each changes once while one worker drains: so many events. */
const PRODUCTS = 10_000;
/** Pages for each product: series, categories and home come on top. */
const PAGES_PER_PRODUCT = 1.12;
/** A sweep of all pages takes a minute, and asks no more of the store for each. */
const LISTS = ["--route", "category", "series"];
const ONE_THREAD = ["--concurrency", "1"];
/** S3 Standard and SQS in us-east-1. https://aws.amazon.com/s3/pricing/ https://aws.amazon.com/sqs/pricing/ */
const PRICES: Prices = { put: 5, get: 0.4, list: 5, queue: 0.4 };

const SweepSummary = z.object({ ended: z.literal("done"), swept: z.number(), failed: z.literal(0) });

/** Dollars for a million pages, by the requests to the store that were counted for `pages` of them. */
function dollarsAMillion({ store: { pages: ofPages, others } }: Asked, pages: number): number {
  const both = (kind: keyof typeof ofPages): number => ofPages[kind] + others[kind];
  const requests = { put: both("put"), get: both("get") + both("head"), list: both("list"), queue: 0 };
  return (priceOf(requests, PRICES) / pages) * 1_000_000;
}

const writtenBy = (works: readonly RekilnWork[]): number => works.reduce((sum, { written }) => sum + written, 0);
const sumOf = (counts: Asked["store"]["others"]): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/**
 * A site in S3 and Postgres, built, its lists swept at rest, drained of an event for each product by one worker, and of half as many by two;
 * what the services are asked is counted by them. An event changes one page: nothing is shared between pages but what a batch shares.
 */
export const fleetPart: BenchPart = async ({ folder, pages, say }) => {
  const products = Math.min(PRODUCTS, Math.ceil((pages ?? Infinity) / PAGES_PER_PRODUCT));
  say(`importing ${products} products`);
  await using site = await FleetSite.make(join(folder, "site"), products, PRICES);

  settleDisk();
  const build = await site.counted(async () => rekilnBuild(site.dir, FLEET_CREDENTIALS));
  const { result: built } = build;
  say(`built: ${built.writtenPages} pages written, ${built.seconds.toFixed(2)} s`);
  await site.forgetEvents();

  const sweep = async () => {
    settleDisk();
    const { result, asked } = await site.counted(async () => site.run("sweep", "--once", "--json", ...LISTS));
    const { swept } = SweepSummary.parse(JSON.parse(result.stdout));
    say(`swept: ${swept} pages, ${result.seconds.toFixed(2)} s`);
    return { asked, swept, rate: swept / result.seconds };
  };
  const atRest = await sweep();

  const drain = async (workers: number, events: number) => {
    await site.restock(events);
    settleDisk();
    const drained = await site.counted(async () =>
      Promise.all(Array.from({ length: workers }, () => rekilnWork(site.dir, ONE_THREAD, FLEET_CREDENTIALS))),
    );
    const { result: works } = drained;
    const written = writtenBy(works);
    const seconds = Math.max(...works.map((work) => work.seconds));
    if (written < events) throw new Error(`${events} events changed ${written} pages`);
    say(`drained by ${workers}: ${events} events, ${written} pages written, ${seconds.toFixed(2)} s`);
    return { ...drained, written, seconds };
  };
  const one = await drain(1, products);
  // Half of them: a run is to take less than three minutes.
  const two = await drain(2, Math.ceil(products / 2));

  const { store, roundTrips } = one.asked;
  const othersShare = Math.max(...one.result.map((work) => work.othersShare));
  return [
    figure("fleet.drain.events", products, "events"),
    figure("fleet.drain.written", one.written, "pages"),
    figure("fleet.drain.heads", store.pages.head / one.written, "HEADs/page", { atMost: 1 }),
    figure("fleet.drain.puts", store.pages.put / one.written, "PUTs/page", { atMost: 1 }),
    figure("fleet.drain.others", (sumOf(store.others) + store.pages.get) / one.written, "other requests/page"),
    figure("fleet.drain.roundTrips", roundTrips / one.written, "to Postgres/page", { atMost: 0.1 }),
    figure("fleet.one.pages", one.written / one.seconds, "pages/s"),
    figure("fleet.two.pages", two.written / two.seconds, "pages/s"),
    figure("fleet.two.roundTrips", two.asked.roundTrips / two.written, "to Postgres/page"),
    figure("fleet.build.pages", built.writtenPages / built.seconds, "pages/s"),
    figure("fleet.build.dollars", dollarsAMillion(build.asked, built.writtenPages), "$/million pages"),
    figure("fleet.drain.dollars", dollarsAMillion(one.asked, one.written), "$/million pages"),
    figure("fleet.sweep.pages", atRest.rate, "pages/s"),
    figure("fleet.sweep.roundTrips", atRest.asked.roundTrips / atRest.swept, "to Postgres/page"),
    figure("fleet.sweep.dollars", dollarsAMillion(atRest.asked, atRest.swept), "$/million pages"),
    // The services are among the others.
    figure("fleet.others", othersShare * 100, "% of the machine"),
  ];
};
