import type { CheckReport, Counted } from "../system/run-check.ts";
import type { HiddenCause, UnstablePage } from "../system/check-renders.ts";
import { printable } from "./build-summary.ts";
import { count } from "./count.ts";

const SHOWN_MAX = 20;
const LINES_SHOWN_MAX = 2;

/** How many things are wrong; what Windows can't hold is a warning, and isn't among them. */
export function problemsOf(report: CheckReport): number {
  const { source, static: files, templates, paths, collisions, failed, unstable, deadLinks } = report;
  const inData = source?.problemCount ?? 0;
  return (
    inData +
    files.length +
    templates.length +
    paths.count +
    collisions.count +
    failed.length +
    unstable.length +
    deadLinks.length
  );
}

function listed<T>(
  what: string,
  { items, count: total }: Counted<T>,
  lineOf: (item: T) => readonly string[],
): string[] {
  if (total === 0) return [];
  const shown = items.slice(0, SHOWN_MAX);
  const rest = total - shown.length;
  return [
    `${count(total)} ${what}`,
    ...shown.flatMap(lineOf).map((line) => `  ${line}`),
    ...(rest > 0 ? [`  and ${count(rest)} more`] : []),
  ];
}

const all = <T>(items: readonly T[]): Counted<T> => ({ items, count: items.length });

const WITH: Readonly<Record<HiddenCause, string>> = {
  clock: "another clock",
  "time zone": "another time zone",
  language: "another language",
  "key order": "another order of keys",
  "pages rendered before": "other pages rendered before it",
  chance: "each rendering, though nothing else is other",
};

function unstableLines({
  key,
  template,
  causes,
  lines,
}: UnstablePage & { readonly template: string }): readonly string[] {
  const why = causes.length === 0 ? "other circumstances together" : causes.map((cause) => WITH[cause]).join(", with ");
  const shown = lines
    .slice(0, LINES_SHOWN_MAX)
    .flatMap(({ line, first, second }) => [
      `  line ${line}`,
      `    ${first ?? "(nothing)"}`,
      `    ${second ?? "(nothing)"}`,
    ]);
  return [`${key} (${template}) is another page with ${why}`, ...shown];
}

/** What was found, for people. */
export function checkText(report: CheckReport): string {
  const { source, static: files, templates, paths, collisions, windows, failed, unstable, deadLinks } = report;
  const lines = [
    ...listed(
      "bad records",
      { items: source?.problems ?? [], count: source?.problemCount ?? 0 },
      ({ place, message }) => [`${place}: ${message}`],
    ),
    ...listed("static files that can't be used", all(files), ({ message }) => [message]),
    ...listed("templates that can't be compiled", all(templates), ({ file, line, message, routes }) => [
      `templates/${file}${line === undefined ? "" : `:${line}`}: ${message} (${routes.join(", ")})`,
    ]),
    ...listed("pages without a path", paths, ({ key, message }) => [`${key}: ${message}`]),
    ...listed("collisions: of the pages that want one path, the first has it", collisions, ({ key, message }) => [
      `${key} ${message}`,
    ]),
    ...listed("pages that fail", all(failed), ({ error }) => [error]),
    ...listed(
      "pages that depend on more than data, templates and read.now: other bytes in other circumstances",
      all(unstable),
      unstableLines,
    ),
    ...listed("links that lead nowhere", all(deadLinks), ({ key, pages, href }) => [
      `${href} on ${key}${pages > 1 ? ` and ${count(pages - 1)} more` : ""}`,
    ]),
    ...listed("warnings: Windows can't hold these files", windows, ({ key, message }) => [`${key}: ${message}`]),
    `${count(report.pages)} pages of ${count(report.routes)} routes, further pages of lists not counted; ${count(report.sampled)} rendered twice: ${problemsOf(report) === 0 ? "nothing is wrong" : `${count(problemsOf(report))} problems`}`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** The same for programs. */
export function checkData(report: CheckReport): Readonly<Record<string, unknown>> {
  return { schema: "rekiln.check.1", problems: problemsOf(report), ...report, source: report.source ?? null };
}
