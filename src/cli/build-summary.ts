import type { SitemapReport } from "../press/sitemap.ts";
import type { BuildTally } from "../press/build-tally.ts";
import type { BuildReport } from "../system/run-build.ts";
import { templatePlace } from "../render/renderer.ts";
import type { BrokenTemplate } from "../system/site-inputs.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { dryRunData, dryRunLines } from "./dry-run-pages.ts";

const SHOWN_MAX = 20;
const LEFT_OUT_SHOWN_MAX = 5;

export interface Measured {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly isDryRun: boolean;
  readonly storeName: string;
}

export interface Summary {
  readonly text: string;
  /** What went wrong, a line each. */
  readonly problems: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const megabytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MB`;
const milliseconds = (value: number): number => Math.round(value);

function shares(report: BuildReport): ReadonlyMap<string, number> {
  const { times } = report.result.tally;
  const inThreads = times.render + times.write + times.record;
  return new Map(Object.entries(times).map(([name, spent]) => [name, inThreads === 0 ? 0 : spent / inThreads]));
}

function problemLines(report: BuildReport): string[] {
  const { result, source, staticProblems } = report;
  const { tally } = result;
  const lines: string[] = [];
  const list = (all: Iterable<string>, total: number, what: string): void => {
    let shown = 0;
    for (const line of all) {
      if (shown++ === SHOWN_MAX) break;
      lines.push(line);
    }
    if (total > SHOWN_MAX) lines.push(`… and ${count(total - SHOWN_MAX)} more ${what}`);
  };
  list(
    source.problems.map(({ place, message }) => `${place}: ${message}`),
    source.problemCount,
    "bad records",
  );
  if (source.kept > 0) {
    lines.push(
      `${count(source.kept)} entities that are no longer in the source were kept: something of their type can't be read`,
    );
  }
  list(
    staticProblems.map(({ message }) => message),
    staticProblems.length,
    "static files",
  );
  list(
    report.brokenTemplates.map((broken) => brokenTemplateLine(broken, tally)),
    report.brokenTemplates.length,
    "templates that can't be compiled",
  );
  list(tally.failed.values(), tally.failedByThemselves, "failed pages");
  list(
    [...tally.collided].map(([key, message]) => `${key} ${message}`),
    tally.collided.size,
    "pages without a path of their own",
  );
  if (result.withheld > 0) {
    lines.push(
      `${count(result.withheld)} pages are gone from the source; removing them was withheld, since no more than ${count(result.maxDeletes)} may go in one run. ` +
        `If they should go: rekiln build --max-deletes ${result.withheld}`,
    );
  }
  return lines;
}

/** One line for a template, however many pages it is of. */
function brokenTemplateLine(broken: BrokenTemplate, { failedByTemplate }: BuildTally): string {
  const failed = broken.routes.map((route) => `${route} ${count(failedByTemplate.get(route) ?? 0)}`);
  const users = failed.length === 0 ? "no route uses it" : `failed pages by route: ${failed.join(", ")}`;
  return `${templatePlace(broken)}: ${broken.message} (${users})`;
}

function sitemapLine({ owner, files, addresses, written, removed }: SitemapReport): string {
  if (owner !== undefined) return `  sitemaps  none: ${owner.path} is the site's own (${owner.by})`;
  const changes = [
    ...(written.length > 0 ? [`${count(written.length)} written`] : []),
    ...(removed.length > 0 ? [`${count(removed.length)} removed`] : []),
  ];
  return `  sitemaps  ${[`${count(addresses)} addresses in ${count(files)} files`, ...changes].join(", ")}`;
}

/** The summary of a build, for people and for programs. */
export function buildSummary(report: BuildReport, measured: Measured): Summary {
  const { result, source, stretches } = report;
  const { tally } = result;
  const written = Object.values(tally.written).reduce((sum, value) => sum + value, 0);
  const reasons = Object.entries(tally.written).filter(([, value]) => value > 0);
  const removed = measured.isDryRun ? tally.gone.size - result.withheld : tally.removed;
  // Most of them were never looked at: nothing that they depend on changed.
  const unchanged = Math.max(0, result.pages - written);
  const rate = tally.pressed / measured.seconds;
  const lines = [
    ...(report.isInterrupted ? ["Interrupted: what is done is recorded, and the next build goes on."] : []),
    ...(measured.isDryRun ? dryRunLines(result) : []),
    `${count(result.pages)} pages in ${measured.storeName}`,
    `  written   ${count(written)} ${measured.isDryRun ? "(dry run: nothing was written) " : ""}${reasons.map(([reason, value]) => `${reason} ${count(value)}`).join(", ")}`.trimEnd(),
    `  unchanged ${count(unchanged)}`,
    `  removed   ${count(removed)}${result.withheld > 0 ? `, withheld ${count(result.withheld)}` : ""}`,
    `  failed    ${count(tally.failedCount)}${tally.collided.size > 0 ? `, without a path ${count(tally.collided.size)}` : ""}`,
    `  source    ${count(source.inserted)} new, ${count(source.updated)} changed, ${count(source.deleted)} deleted, ${count(source.problemCount)} bad`,
  ];
  if (report.staticWritten.length + report.staticRemoved.length > 0) {
    lines.push(
      `  static    ${count(report.staticWritten.length)} copied, ${count(report.staticRemoved.length)} removed`,
    );
  }
  if (report.staticLeftOut.length > 0) {
    const names = report.staticLeftOut.slice(0, LEFT_OUT_SHOWN_MAX).map((name) => `static/${name}`);
    const more = report.staticLeftOut.length > names.length ? ", …" : "";
    lines.push(
      `  left out  ${names.join(", ")}${more}: names that begin with a dot aren't copied, but for .well-known`,
    );
  }
  if (tally.redirected + tally.tombstones > 0) {
    lines.push(`  left      ${count(tally.redirected)} redirects, ${count(tally.tombstones)} tombstones`);
  }
  if (report.sitemaps !== undefined) lines.push(sitemapLine(report.sitemaps));
  lines.push(
    `${measured.seconds.toFixed(2)} s, ${tally.pressed > 0 ? `${count(tally.pressed)} pages pressed, ${count(Math.round(rate))} a second, ` : ""}${megabytes(tally.bytes)} written, ${megabytes(measured.peakBytes)} peak memory`,
    `time: ${[...stretches].map(([name, spent]) => `${name} ${(spent / 1000).toFixed(2)} s`).join(", ")}; ` +
      `in ${report.threads} threads: ${[...shares(report)].map(([name, share]) => `${name} ${Math.round(share * 100)} %`).join(", ")}`,
  );
  if (!measured.isDryRun) lines.push(runCostText(report.cost));
  return {
    text: lines.map((line) => `${printable(line)}\n`).join(""),
    problems: problemLines(report)
      .map((line) => `${printable(line)}\n`)
      .join(""),
    data: {
      schema: "rekiln.build.1",
      dryRun: measured.isDryRun,
      interrupted: report.isInterrupted,
      pages: result.pages,
      written: tally.written,
      unchanged,
      removed,
      withheld: result.withheld,
      redirected: tally.redirected,
      redirects: Object.fromEntries([...tally.redirects].slice(0, 100)),
      tombstones: tally.tombstones,
      failed: tally.failedCount,
      errors: [...tally.failed.values()].slice(0, 100),
      brokenTemplates: report.brokenTemplates.map(({ routes, ...broken }) => ({
        ...broken,
        failed: Object.fromEntries(routes.map((route) => [route, tally.failedByTemplate.get(route) ?? 0])),
      })),
      collided: Object.fromEntries([...tally.collided].slice(0, 100)),
      whole: Object.fromEntries(result.plan.whole),
      source: { ...source, problems: source.problems },
      static: {
        written: report.staticWritten,
        removed: report.staticRemoved,
        leftOut: report.staticLeftOut,
        problems: report.staticProblems,
      },
      sitemaps: report.sitemaps ?? null,
      bytes: tally.bytes,
      pressed: tally.pressed,
      seconds: Number(measured.seconds.toFixed(3)),
      pagesPerSecond: Math.round(rate),
      peakBytes: measured.peakBytes,
      cost: report.cost,
      ...(measured.isDryRun ? dryRunData(result) : {}),
      stretchesMs: Object.fromEntries([...stretches].map(([name, spent]) => [name, milliseconds(spent)])),
      threadsMs: Object.fromEntries(Object.entries(tally.times).map(([name, spent]) => [name, milliseconds(spent)])),
    },
  };
}

/** Control characters of the data are shown, not sent to the terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return text.replace(/[\u0000-\u001F\u007F-\u009F]/g, (character) => JSON.stringify(character).slice(1, -1));
}
