import { LANES } from "../queue/queue.ts";
import type { RouteStatus, SiteStatus } from "../system/read-status.ts";
import { printable } from "./build-summary.ts";
import { durationText } from "../core/duration.ts";
import { depthText } from "./queue-text.ts";
import { count } from "./count.ts";
import { driftCountLines, driftText } from "./drift-text.ts";

const STALE_SHOWN_MAX = 5;

const STATES = {
  failed: "failed",
  collided: "without a path of their own",
  withheld: "waiting to be removed",
} as const;

function queueLines({ queue }: SiteStatus): readonly string[] {
  if (!("error" in queue)) return LANES.map((lane) => depthText(lane, queue[lane]));
  const { message, hint = "" } = queue.error;
  return [`can't be asked: ${message} ${hint}`.trimEnd()];
}

function publisherText({ publisher, at }: SiteStatus): string {
  const { state, spooled, outage } = publisher;
  const waits = `${count(spooled)} ${spooled === 1 ? "change waits" : "changes wait"} in the outbox`;
  switch (state) {
    case "ok":
      return "OK: the queue has every change";
    case "spool":
      return `SPOOL: the queue can't be used, ${waits}`;
    case "replay":
      return `REPLAY: ${waits}; a worker sends them, or who publishes next`;
    case "interval": {
      const { since = 0, until = 0 } = outage ?? {};
      // Of a marker that a power failure cut off nothing is known but that it is there.
      const when =
        since === 0 ? "" : `, from ${durationText((at - since) / 1000)} to ${durationText((at - until) / 1000)} ago`;
      const others = spooled === 0 ? "" : `; ${waits}`;
      return `INTERVAL: changes couldn't be stored${when}: workers and sweepers look for them ten minutes after the last${others}`;
    }
  }
}

function pagesText({ pages, at }: SiteStatus): string {
  const { stale } = pages;
  const parts = [`${count(pages.published)} published`];
  for (const kind of ["failed", "collided", "withheld"] as const) {
    if (kind === "failed" || stale[kind] > 0) parts.push(`${count(stale[kind])} ${STATES[kind]}`);
  }
  parts.push(`${count(pages.due)} due`);
  if (pages.oldestSince !== undefined) parts.push(`oldest stale for ${durationText(at / 1000 - pages.oldestSince)}`);
  return parts.join(", ");
}

function staleLines({ stale, pages, at }: SiteStatus): readonly string[] {
  const lines = stale.slice(0, STALE_SHOWN_MAX).map(({ key, error, stale: since }) => {
    const ago = since === undefined ? "" : ` for ${durationText(at / 1000 - since.since)}`;
    // Most errors begin with the page's key.
    return `  ${error.startsWith(`${key}:`) ? error : `${key}: ${error}`} (${since?.kind ?? "failed"}${ago})`;
  });
  const rest = pages.stale.failed + pages.stale.collided + pages.stale.withheld - lines.length;
  return rest > 0 ? [...lines, `  and ${count(rest)} more`] : lines;
}

function sourceText({ source }: SiteStatus): string {
  const { version, complete, pending, needsBuild } = source;
  const parts = [`version ${count(version)}`];
  if (complete === undefined) parts.push("no build has gone over every page yet: run rekiln build");
  else if (complete === version) parts.push("which the last complete build has passed");
  else {
    const changes = pending === undefined ? "changes that aren't known one by one" : `${count(pending)} changed`;
    parts.push(`the last complete build passed ${count(complete)}: ${changes} since`);
  }
  if (needsBuild) parts.push("more has changed than is kept one by one: run rekiln build");
  return parts.join(", ");
}

function routeText({ route, epoch, built }: RouteStatus): string {
  if (epoch === undefined) return `${route}: not registered yet`;
  return `${route}: epoch ${epoch}${built === epoch ? "" : `, rendered whole at ${built ?? "none"}: a build is due`}`;
}

function deletesText({ deletes }: SiteStatus): string {
  const { withheld, inHour, cap } = deletes;
  const done = `${count(inHour)} of at most ${count(cap)} by workers in the last hour`;
  return withheld === 0 ? done : `${count(withheld)} withheld (rekiln build --max-deletes ${withheld}), ${done}`;
}

function sweepLines({ sweep, at }: SiteStatus): readonly string[] {
  const { oldest, drift, drifts } = sweep;
  const routes = Object.entries(oldest).toSorted(([, left], [, right]) => left - right);
  const [first] = routes;
  if (first === undefined) return ["  never: rekiln sweep, or rekiln work --sweep, verifies every page in a period"];
  const age = durationText(at / 1000 - first[1]);
  const counts = driftCountLines(drift);
  return [
    `  every page verified within ${age} (${first[0]} is the oldest)`,
    ...(counts.length === 0
      ? ["  no page has drifted in 30 days"]
      : ["  drifted in 30 days", ...counts.map((line) => `    ${line}`)]),
    ...drifts.slice(0, STALE_SHOWN_MAX).map((one) => `    ${driftText(one)} (${durationText(at / 1000 - one.at)} ago)`),
  ];
}

/** How a site is, for people. */
export function statusLines(status: SiteStatus): readonly string[] {
  const lines = [
    "queue",
    ...queueLines(status).map((line) => `  ${line}`),
    "publisher",
    `  ${publisherText(status)}`,
    "pages",
    `  ${pagesText(status)}`,
    ...staleLines(status),
    "source",
    `  ${sourceText(status)}`,
    "routes",
    ...status.routes.map((route) => `  ${routeText(route)}`),
    "sweep",
    ...sweepLines(status),
    "deletes",
    `  ${deletesText(status)}`,
  ];
  return lines.map(printable);
}

/** The same in one line, for a log. */
export function statusLine(status: SiteStatus): string {
  const { withheld } = status.deletes;
  const publisher = status.publisher.state === "ok" ? [] : [publisherText(status)];
  const parts = [new Date(status.at).toISOString(), ...queueLines(status), ...publisher, pagesText(status)];
  if (withheld > 0) parts.push(`${count(withheld)} deletes withheld`);
  return printable(parts.join("; "));
}

/** The same for programs. */
export function statusData(status: SiteStatus, exitCode: number): Readonly<Record<string, unknown>> {
  const { at, queue, publisher, pages, stale, source, routes, sweep, deletes } = status;
  return {
    schema: "rekiln.status.1",
    at,
    queue: "error" in queue ? { error: queue.error.message } : queue,
    publisher: { ...publisher, outage: publisher.outage ?? null },
    pages,
    stale: stale.map(({ key, error, stale: why }) => ({ page: key, error, ...why })),
    source,
    routes,
    sweep,
    deletes,
    exitCode,
  };
}
