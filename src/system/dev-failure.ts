import { readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

import { messageOf, RekilnError } from "../core/errors.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { TemplateError } from "../render/renderer.ts";
import type { DevFailure, SourceLine } from "../serve/dev-answer.ts";
import { placeOfError } from "../site/place-of-error.ts";
import type { Site } from "../site/site.ts";

const LINES_AROUND = 4;
const LINE_SHOWN_MAX = 400;

export interface FailureSurroundings {
  /** The config's folder. */
  readonly root: string;
  /** The site's own modules, absolute. */
  readonly modules: readonly string[];
  readonly site: Site | undefined;
}

interface Where {
  /** Absolute. */
  readonly file: string;
  readonly line: number | undefined;
}

/** What went wrong, for whoever writes the site: where it is, with the lines around, and what it is about. */
export function devFailure(
  thrown: unknown,
  what: { readonly title: string; readonly page?: PageKey },
  surroundings: FailureSurroundings,
): DevFailure {
  const { root, site } = surroundings;
  const where = whereOf(thrown, surroundings);
  const inner = thrown instanceof TemplateError && thrown.cause instanceof RekilnError ? thrown.cause : thrown;
  return {
    title: what.title,
    message: messageOf(thrown),
    hint: inner instanceof RekilnError ? inner.hint : undefined,
    file: where === undefined ? undefined : relative(root, where.file).split(sep).join("/"),
    line: where?.line,
    excerpt: where?.line === undefined ? [] : excerptOf(where.file, where.line),
    page: what.page,
    subject: what.page === undefined || site === undefined ? undefined : subjectText(site, what.page),
  };
}

function whereOf(thrown: unknown, { root, modules }: FailureSurroundings): Where | undefined {
  if (thrown instanceof TemplateError && !thrown.isLiteral) {
    return { file: join(root, "templates", thrown.file), line: thrown.line };
  }
  const place = placeOfError(thrown, modules);
  if (place !== undefined) {
    const below = thrown instanceof TemplateError ? (thrown.line ?? 1) - 1 : 0;
    return { file: place.file, line: place.line + below };
  }
  // The message of a broken config begins with its place.
  const [, name, line] = /^([^\s:]+\.[cm]?[jt]s):(\d+): /.exec(messageOf(thrown)) ?? [];
  return name === undefined ? undefined : { file: resolve(root, name), line: Number(line) };
}

function excerptOf(file: string, line: number): readonly SourceLine[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // It was taken away since: there is nothing to show.
    return [];
  }
  const lines = text.split(/\r?\n/);
  const first = Math.max(1, line - LINES_AROUND);
  return lines.slice(first - 1, line + LINES_AROUND).map((content, index) => ({
    number: first + index,
    text: content.slice(0, LINE_SHOWN_MAX),
    isHere: first + index === line,
  }));
}

/** `film:42` or `film[genres=drama]`. */
function subjectText(site: Site, key: PageKey): string | undefined {
  const { route, subject } = parsePageKey(key);
  const each = site.routes.get(route)?.each;
  if (each === undefined || each.kind === "one") return undefined;
  return each.kind === "entity" ? `${each.type}:${subject}` : `${each.type}[${each.field}=${subject}]`;
}
