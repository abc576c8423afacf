import { Command } from "commander";

import { priceOf, REQUEST_KINDS } from "../core/prices.ts";
import type { Requests } from "../core/prices.ts";
import { buildRequests, eventRequests, measuredWork, sweepRequests } from "../press/estimate-cost.ts";
import { loadConfig } from "../site/load-config.ts";
import { openBuiltSite } from "../system/built-site.ts";
import { costText } from "./cost-text.ts";
import { count } from "./count.ts";
import { periodOption } from "./pressing-options.ts";
import { wholeNumber } from "./whole-number.ts";
import { siteEnvironment } from "../system/site-environment.ts";

const DAY_SECONDS = 86_400;
const NO_PRICES =
  "The config has no prices: a directory and SQLite bill nothing. For S3 and SQS give dollars a million, e.g. prices: { put: 5, get: 0.4, list: 5, queue: 0.4 }.";

interface CostFlags {
  readonly config: string;
  readonly events: number;
  readonly period: number;
  readonly json?: true;
}

/** `rekiln cost` */
export function costCommand(): Command {
  return new Command("cost")
    .description("estimate what a build, a day of events and a sweep cost, by the prices in the config")
    .option("--config <file>", "the site's config", "rekiln.config.ts")
    .option("--events <number>", "changes of entities a day", wholeNumber(0), 1000)
    .addOption(periodOption("of the sweep"))
    .option("--json", "print one JSON object")
    .action(async (flags: CostFlags) => {
      const config = await loadConfig(flags.config, siteEnvironment(flags.config));
      using built = openBuiltSite(config);
      const basis = { pages: built.manifest.count(), measured: measuredWork(built.manifest) };
      const [build, day, sweep] = [buildRequests(basis), eventRequests(basis, flags.events), sweepRequests(basis)];
      const { prices } = config.site;
      const month = 30 * priceOf(day, prices) + ((30 * DAY_SECONDS) / flags.period) * priceOf(sweep, prices);
      if (flags.json === true) {
        const priced = (requests: Requests) => ({ requests, dollars: priceOf(requests, prices) });
        const estimates = { build: priced(build), day: priced(day), sweep: priced(sweep), month };
        process.stdout.write(`${JSON.stringify({ schema: "rekiln.cost/1", ...basis, prices, ...estimates })}\n`);
        return;
      }
      const { changes } = basis.measured;
      const how =
        changes === 0 ? "taken for ten pages each, as none were seen yet" : `as ${count(changes)} before them`;
      process.stdout.write(
        [
          `${count(basis.pages)} pages`,
          `  a whole build          ${costText(build, prices)}`,
          `  ${`${count(flags.events)} events a day`.padEnd(22)} ${costText(day, prices)} (${how})`,
          `  a sweep of all pages   ${costText(sweep, prices)}`,
          `  a month of both        $${month.toFixed(2)}`,
          ...(REQUEST_KINDS.every((kind) => prices[kind] === 0) ? [NO_PRICES] : []),
          "",
        ].join("\n"),
      );
    });
}
