import { messageOf, RekilnError } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import { renderDifferences } from "../press/render-differences.ts";
import type { DifferingLine } from "../press/render-differences.ts";
import { renderSample } from "./sample-process.ts";
import type { Circumstances, SampledPage } from "./sample-process.ts";

/** Pages that differ are looked at one by one, up to so many. */
const EXPLAINED_MAX = 20;
const AHEAD_MS = ((1 * 365 + 157) * 24 + 7) * 3_600_000 + 11 * 60_000 + 13_000;

/** A cause that a page's bytes may have beside data, templates and `read.now`. */
export type HiddenCause = "clock" | "time zone" | "language" | "key order" | "pages rendered before" | "chance";

export interface UnstablePage {
  readonly key: PageKey;
  /** What was varied alone and made another page of it; none when only several together did. */
  readonly causes: readonly HiddenCause[];
  readonly lines: readonly DifferingLine[];
}

type Setup = Omit<Parameters<typeof renderSample>[0], "circumstances">;

const HERE: Circumstances = {
  clockAheadMs: 0,
  timeZone: "UTC",
  language: "en_US.UTF-8",
  turnsKeys: false,
  turnsPages: false,
};
/** Nowhere are clocks and dates further from those of UTC; and hardly a language writes and sorts less like English. */
const ELSEWHERE: Circumstances = {
  clockAheadMs: AHEAD_MS,
  timeZone: "Pacific/Kiritimati",
  language: "lt_LT.UTF-8",
  turnsKeys: true,
  turnsPages: true,
};
const ALONE: readonly (readonly [HiddenCause, Partial<Circumstances>])[] = [
  ["chance", {}],
  ["clock", { clockAheadMs: ELSEWHERE.clockAheadMs }],
  ["time zone", { timeZone: ELSEWHERE.timeZone }],
  ["language", { language: ELSEWHERE.language }],
  ["key order", { turnsKeys: true }],
  ["pages rendered before", { turnsPages: true }],
];

/** Renders a sample twice, in two processes and in other circumstances, and gives the first renderings with the pages that differ. */
export async function checkRenders(
  setup: Setup,
  isJson: (key: PageKey) => boolean,
  signal: AbortSignal,
): Promise<{ readonly pages: ReadonlyMap<PageKey, SampledPage>; readonly unstable: readonly UnstablePage[] }> {
  const render = async (how: Partial<Circumstances>, keys = setup.keys) =>
    renderSample({ ...setup, keys, circumstances: { ...HERE, ...how } }, signal);
  const [here, elsewhere] = await Promise.all([render(HERE), render(ELSEWHERE)]);
  // Below zero it was ended because a page took too long.
  if (here.version >= 0 && elsewhere.version >= 0 && here.version !== elsewhere.version) throw dataChanged();
  const differing = new Map<PageKey, readonly DifferingLine[]>();
  for (const [key, page] of here.pages) {
    const lines = differencesOf(page, elsewhere.pages.get(key), isJson(key));
    if (lines.length > 0) differing.set(key, lines);
  }
  const causes = new Map<PageKey, HiddenCause[]>();
  const explained = [...differing.keys()].slice(0, EXPLAINED_MAX);
  for (const [cause, how] of explained.length === 0 ? [] : ALONE) {
    // Pages before it may matter: all of them are rendered when their order is what is varied.
    const again = await render(how, how.turnsPages === true ? setup.keys : explained);
    for (const key of explained) {
      const first = here.pages.get(key);
      const known = causes.get(key) ?? [];
      causes.set(key, known);
      if (known.includes("chance") || first === undefined) continue;
      if (differencesOf(first, again.pages.get(key), isJson(key)).length > 0) known.push(cause);
    }
  }
  const unstable = [...differing].map(([key, lines]) => ({ key, lines, causes: causes.get(key) ?? [] }));
  return { pages: here.pages, unstable };
}

function differencesOf(first: SampledPage, second: SampledPage | undefined, isJson: boolean): readonly DifferingLine[] {
  if (second === undefined) return [];
  const [before, after] = [textOf(first), textOf(second)];
  if (first.kind !== "page" || second.kind !== "page") return renderDifferences(before, after, false);
  const moved = renderDifferences(first.path, second.path, false);
  try {
    return [...moved, ...renderDifferences(before, after, isJson)];
  } catch (error) {
    return [{ line: 1, first: `no JSON: ${messageOf(error)}`, second: undefined }];
  }
}

function textOf(page: SampledPage): string {
  if (page.kind === "page") return page.content;
  return page.kind === "failed" ? `fails: ${page.error}` : "is no page";
}

function dataChanged(): RekilnError {
  return new RekilnError({
    code: "data-changed",
    message: "The data changed while its pages were checked.",
    disposition: "retry",
    hint: "Run the command again.",
  });
}
