import type { RelayReport } from "../press/publish.ts";
import { runCostText } from "./cost-text.ts";

const count = (value: number, what: string): string =>
  `${value.toLocaleString("en-US")} ${what}${value === 1 ? "" : "s"}`;

/** What became of events, for people: what was done, and what they should know. */
export function relaySummary(relay: RelayReport): { readonly text: string; readonly warnings: string } {
  const { sent, waiting, tooLarge, error, needsBuild, cost } = relay;
  const warnings: string[] = [];
  if (error !== undefined) {
    warnings.push(
      `Not everything is known to be in the queue: ${error.message} ${error.hint ?? ""}`.trimEnd(),
      `${count(waiting, "change")} ${waiting === 1 ? "waits" : "wait"} in the outbox, stored for good; a worker sends them, or what is written or published next.`,
    );
  }
  if (tooLarge > 0) warnings.push(`${count(tooLarge, "change")} can't be told in an event: rekiln build follows them.`);
  if (needsBuild) warnings.push("More has changed than is kept one by one: run rekiln build.");
  return {
    text: [
      ...(sent === 0 ? [] : [`${count(sent, "event")} sent to the queue`]),
      ...(cost === undefined ? [] : [runCostText(cost)]),
    ]
      .map((line) => `${line}\n`)
      .join(""),
    warnings: warnings.map((line) => `${line}\n`).join(""),
  };
}

/** The same for programs. */
export function relayData({ sent, waiting, tooLarge, error, needsBuild, cost }: RelayReport): object {
  return {
    sent,
    waiting,
    tooLarge,
    needsBuild,
    ...(cost === undefined ? {} : { cost }),
    ...(error === undefined ? {} : { error: error.message }),
  };
}
