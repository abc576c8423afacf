import { formatStamp } from "../core/stamp.ts";
import type { Drift } from "../manifest/sweep-state.ts";
import type { ExplainedRef } from "../press/explain-page.ts";
import type { PathExplanation } from "../press/explain-path.ts";
import type { Claimant } from "../press/path-claims.ts";
import type { ExplainReport } from "../system/run-explain.ts";
import { printable } from "./build-summary.ts";
import { count } from "./count.ts";
import { driftText } from "./drift-text.ts";

type ExplainedPage = NonNullable<ExplainReport["page"]>;

const REFS_SHOWN_MAX = 40;
const DRIFTS_SHOWN_MAX = 5;

const USES: Readonly<Record<ExplainedRef["use"], string>> = {
  entity: "uses",
  window: "lists",
  count: "counts",
  exists: "asks for any",
  pages: "has pages by",
  extent: "has pages by",
  values: "lists values of",
  claim: "stands at",
  folder: "stands below",
  asset: "links to",
};

const WHY_NONE: Readonly<Record<string, string>> = {
  "no-route": "there is no such route",
  "no-subject": "the source has no such subject",
  "no-path": "its path is null",
  "past-the-end": "its list has no so many pages",
};

const date = (ms: number): string => new Date(ms).toISOString();
const seconds = (unixSeconds: number): string => date(unixSeconds * 1000);

function claimantText({ key, wants, stands }: Claimant): string {
  const at = stands === undefined ? "isn't published here" : `is published at ${stands.at.path}`;
  return `  ${key}  ${wants === undefined ? "doesn't want it any more" : `wants ${wants.path}`}, ${at}`;
}

function fileText({ file, staticFile, objectKey }: PathExplanation): string {
  if (file === undefined) return `no file at ${objectKey}`;
  const what =
    staticFile !== undefined
      ? `the copy of static/${staticFile}`
      : file.carried === undefined
        ? "without a stamp: torn, or not rekiln's"
        : `${file.carried.key}, stamp ${formatStamp(file.carried.stamp)}`;
  return `${objectKey}, ${count(file.bytes)} bytes: ${what}`;
}

function pathLines(path: PathExplanation): readonly string[] {
  const lines = [`path      ${path.path}`, `  owner   ${path.owner ?? "none"}`, `  file    ${fileText(path)}`];
  if (path.left !== undefined) {
    const { record, now } = path.left;
    const to = record.kind === "redirect" ? `, leads to ${now ?? "nothing that is published"}` : "";
    lines.push(
      `  left    ${record.kind} of ${record.key} since ${seconds(record.since)}, until ${seconds(record.expires)}${to}`,
    );
  }
  const others = path.claimants.filter(({ key }) => key !== path.owner);
  if (others.length > 0)
    lines.push("  others that want or have it:", ...others.map((other) => `  ${claimantText(other)}`));
  return lines;
}

function publishedLines({ row, file, writtenMs }: ExplainedPage): readonly string[] {
  const lines: string[] = [];
  const published = row?.published;
  if (published === undefined) lines.push("  not published");
  else {
    const { stamp, verified } = { stamp: published.stamp, verified: row?.verified };
    const found = { recorded: "", other: " (its file was changed since)", missing: " (its file is missing)" };
    lines.push(
      `  path    ${published.path}${found[file ?? "recorded"]}`,
      `  stamp   ${formatStamp(stamp)}: epoch ${stamp.epoch}, version ${stamp.version}${stamp.time === 0 ? "" : `, clock ${seconds(stamp.time)}`}`,
      `  digest  ${published.digest}`,
      `  etag    ${published.etag}`,
      `  bytes   ${count(published.bytes)}`,
    );
    if (published.lastmod !== undefined) lines.push(`  lastmod ${published.lastmod}`);
    if (writtenMs !== undefined) lines.push(`  written ${date(writtenMs)}`);
    if (verified !== undefined) lines.push(`  equal to epoch ${verified.epoch}, version ${verified.version}`);
  }
  if (row?.error !== undefined) {
    const since = row.stale === undefined ? "" : `, ${row.stale.kind} since ${seconds(row.stale.since)}`;
    lines.push(`  error   ${row.error}${since}`);
  }
  return lines;
}

function nowText({ now, renderMs }: ExplainedPage): string {
  const took = `rendered in ${renderMs.toFixed(1)} ms`;
  switch (now.kind) {
    case "same":
      return `the published bytes (${took})`;
    case "differs":
      return `other bytes: a build or a worker would write it (${took})`;
    case "failed":
      return `an error: ${now.error}`;
    case "none":
      return "no page";
  }
}

function changeLines(page: ExplainedPage, showsAll: boolean): readonly string[] {
  const { refs, templates, epoch, row } = page;
  const shown = showsAll ? refs : refs.slice(0, REFS_SHOWN_MAX);
  const lines = ["what would change it:"];
  for (const { ref, use, isNamed, isStored } of shown) {
    const note = isNamed ? "" : " (recorded; not read when it is rendered now, so that only its hash is known)";
    lines.push(`  ${USES[use]} ${ref}${note}${isStored ? "" : " (read now, not recorded yet)"}`);
  }
  if (refs.length > shown.length) lines.push(`  and ${count(refs.length - shown.length)} more (--all)`);
  const files = templates.map((name) => `${name}.eta`).join(", ");
  lines.push(
    `  templates and code: ${[...(files === "" ? [] : [files]), "the config and what it imports"].join(", ")}${epoch === undefined ? "" : ` (epoch ${epoch})`}`,
  );
  if (row?.due !== undefined) lines.push(`  the clock: it falls due at ${seconds(row.due)}`);
  return lines;
}

function pageLines(page: ExplainedPage, showsAll: boolean): readonly string[] {
  const { key, located, claimants, left, drifts } = page;
  const where =
    located.kind === "page"
      ? `wants ${located.path}`
      : located.kind === "none"
        ? `is no page: ${WHY_NONE[located.reason] ?? located.reason}`
        : `has no path: ${located.problem}`;
  return [
    `page      ${key}  ${where}`,
    ...publishedLines(page),
    `  now     ${nowText(page)}`,
    ...(claimants.length > 0 ? ["others that want or have its path:", ...claimants.map(claimantText)] : []),
    ...(left.length > 0
      ? [
          "paths that it left:",
          ...left.map(
            ({ path, kind, since, expires }) => `  ${path}  ${kind} since ${seconds(since)}, until ${seconds(expires)}`,
          ),
        ]
      : []),
    ...(drifts.length > 0 ? ["it has drifted:", ...driftLines(drifts, showsAll)] : []),
    ...changeLines(page, showsAll),
  ];
}

function driftLines(drifts: readonly Drift[], showsAll: boolean): readonly string[] {
  const shown = showsAll ? drifts : drifts.slice(0, DRIFTS_SHOWN_MAX);
  const lines = shown.map((drift) => `  ${seconds(drift.at)}  ${driftText(drift)}`);
  return drifts.length > shown.length ? [...lines, `  and ${count(drifts.length - shown.length)} more (--all)`] : lines;
}

/** What is known of a path or a page, for people. */
export function explainText({ path, page }: ExplainReport, showsAll: boolean): string {
  const lines = [
    ...(path === undefined ? [] : pathLines(path)),
    ...(page === undefined ? [] : pageLines(page, showsAll)),
  ];
  if (page === undefined) lines.push("no page wants this path");
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** The same for programs: all of it. */
export function explainData({ path, page, notes }: ExplainReport): Readonly<Record<string, unknown>> {
  return {
    schema: "rekiln.explain.1",
    path: path === undefined ? null : { ...path, claimants: path.claimants.map(claimantData) },
    page: page === undefined ? null : { ...page, claimants: page.claimants.map(claimantData) },
    notes,
  };
}

function claimantData({ key, wants, stands }: Claimant): object {
  return { page: key, wants: wants?.path ?? null, stands: stands?.at.path ?? null };
}
