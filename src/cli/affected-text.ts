import type { AffectedReason } from "../press/affected-reason.ts";
import type { AffectedReport } from "../system/run-affected.ts";
import { printable } from "./build-summary.ts";
import { count } from "./count.ts";

const PAGES_SHOWN_MAX = 20;
const REASONS_SHOWN_MAX = 3;

const USES: Readonly<Record<AffectedReason["use"], string>> = {
  fields: "uses",
  window: "lists",
  count: "counts",
  exists: "asks for any",
  pages: "has pages by",
  values: "lists values of",
  comes: "is new with",
  goes: "goes with",
  moves: "gets its path from",
};

function pagesOf(report: AffectedReport): number {
  return report.routes.values().reduce((sum, pages) => sum + pages.size, 0);
}

/** By what builds have measured: a page that takes much longer than others isn't known. */
function estimateText({ estimate }: AffectedReport): string {
  if (estimate === undefined) return "";
  const { seconds, msPerPage, threads } = estimate;
  const shown =
    seconds < 0.1 ? "under 0.1 s" : `about ${seconds < 10 ? seconds.toFixed(1) : count(Math.round(seconds))} s`;
  return `: ${shown} to render, at ${msPerPage.toFixed(1)} ms a page in ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

function reasonsText(reasons: readonly AffectedReason[]): string {
  const shown = reasons.slice(0, REASONS_SHOWN_MAX).map(({ ref, use }) => `${USES[use]} ${ref}`);
  if (reasons.length > shown.length) shown.push(`${count(reasons.length - shown.length)} more`);
  return shown.join("; ");
}

/** The affected pages for people, by route; of each route the first ones unless all are wanted. */
export function affectedText(report: AffectedReport, showsAll: boolean): string {
  const total = pagesOf(report);
  const lines = [
    `${count(total)} ${total === 1 ? "page" : "pages"} affected by ${report.entity}${estimateText(report)}`,
  ];
  for (const [route, pages] of report.routes) {
    lines.push(`${route}: ${count(pages.size)}`);
    const shown = showsAll ? pages.size : PAGES_SHOWN_MAX;
    for (const [key, reasons] of [...pages].slice(0, shown)) lines.push(`  ${key}  ${reasonsText(reasons)}`);
    if (pages.size > shown) lines.push(`  and ${count(pages.size - shown)} more`);
  }
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** The same for programs: all of it. */
export function affectedData(report: AffectedReport): Readonly<Record<string, unknown>> {
  const routes = [...report.routes].map(([route, pages]) => ({
    route,
    pages: [...pages].map(([page, reasons]) => ({ page, reasons })),
  }));
  return {
    schema: "rekiln.affected.1",
    entity: report.entity,
    version: report.version,
    pages: pagesOf(report),
    estimate: report.estimate ?? null,
    routes,
    notes: report.notes,
  };
}
