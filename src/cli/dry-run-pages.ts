import type { BuildResult } from "../press/build.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { count } from "./count.ts";

const SHOWN_MAX = 20;
const LISTED_MAX = 100_000;

const BECAUSE: Readonly<Record<string, string>> = {
  forced: "--force",
  first: "first build",
  "changes-unknown": "what changed isn't known one by one",
  "many-changes": "more changed than is worth to follow",
  templates: "templates or code changed",
  changes: "its data changed, or it had failed or is due",
};

/** Why a page is rendered at all: its whole route is, or what it reads changed. */
function becauseOf(key: PageKey, { whole }: BuildResult["plan"]): string {
  return whole.get(parsePageKey(key).route) ?? "changes";
}

/** What a dry run would do, page by page; the first ones. */
export function dryRunLines({ tally, plan, withheld }: BuildResult): readonly string[] {
  const lines: string[] = [];
  const list = (title: string, pages: Iterable<string>, total: number): void => {
    if (total === 0) return;
    const shown = [...Iterator.from(pages).take(SHOWN_MAX)];
    lines.push(title, ...shown.map((page) => `  ${page}`));
    if (total > shown.length) lines.push(`  and ${count(total - shown.length)} more (--json lists them)`);
  };
  const writes = tally.listed
    .entries()
    .map(([key, { path, reason }]) => `${reason}  ${path}  ${key}  (${BECAUSE[becauseOf(key, plan)]})`);
  list("would be written:", writes, tally.listed.size);
  list(
    withheld > 0 ? "would be withheld from removal:" : "would be removed:",
    tally.gone.entries().map(([key, path]) => `${path ?? "without a path"}  ${key}`),
    tally.gone.size,
  );
  return lines;
}

/** The same for programs, at most 100,000 pages of each. */
export function dryRunData({ tally, plan }: BuildResult): Readonly<Record<string, unknown>> {
  const wouldWrite = [...tally.listed].map(([page, { path, reason }]) => ({
    page,
    path,
    reason,
    because: becauseOf(page, plan),
  }));
  const wouldRemove = [...tally.gone.entries().take(LISTED_MAX)].map(([page, path]) => ({ page, path: path ?? null }));
  return { wouldWrite, wouldRemove };
}
