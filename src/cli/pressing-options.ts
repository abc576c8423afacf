import { InvalidArgumentError, Option } from "commander";

import { parseDuration } from "../core/duration.ts";
import { wholeNumber } from "./whole-number.ts";

const SWEEP_PERIOD = "7d";

export function concurrencyOption(): Option {
  return new Option("--concurrency <threads>", "render threads (default: one for each processor)").argParser(
    wholeNumber(1),
  );
}

export function hourlyDeletesOption(): Option {
  return new Option(
    "--max-deletes <pages>",
    "most pages to remove in an hour (default: 5 % of all, and at least 100)",
  ).argParser(wholeNumber(0));
}

export function metricsPortOption(): Option {
  return new Option(
    "--metrics-port <number>",
    "serve metrics for Prometheus on this port of 127.0.0.1; 0 takes a free one",
  ).argParser(wholeNumber(0));
}

export function summaryOption(): Option {
  return new Option("--json", "print the summary as one JSON object");
}

export function periodOption(description: string): Option {
  return new Option("--period <time>", description).argParser(duration).default(duration(SWEEP_PERIOD));
}

export function rateOption(description: string): Option {
  return new Option("--rate <pages>", description).argParser(pagesASecond);
}

/** Reads `7d`, `12h`, `30min`. */
function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 60) return seconds;
  throw new InvalidArgumentError("It is a length of time from a minute on: 7d, 12h, 30min.");
}

/** Reads pages a second. */
function pagesASecond(text: string): number {
  const rate = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && rate > 0) return rate;
  throw new InvalidArgumentError("It is a number of pages a second above 0.");
}
