import path from "node:path";
import type { TemplateError } from "./renderer.ts";
import type { TemplateSet } from "./template-set.ts";
import { templateKind } from "./template-kind.ts";

/** One `include("name"` or `layout("name"` in the code of a tag: the range runs from the word to the end of the name. */
export interface TemplateUse {
  readonly kind: "include" | "layout";
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

interface UseSite {
  readonly set: TemplateSet;
  /** The template that the code is part of. */
  readonly from: string;
  readonly fail: (message: string) => TemplateError;
}

/**
 * Finds what a tag includes or uses as a layout. Every use must be a call with a literal name, so that what a page depends on is known
 * before it is rendered, and must name a template that is there and is of the same kind (HTML, XML, ...).
 */
export function findTemplateUses(code: string, blank: string, site: UseSite): TemplateUse[] {
  const uses: TemplateUse[] = [];
  for (const match of blank.matchAll(/(?<![\w$])(include|layout)(?![\w$])/g)) {
    const kind = match[1] === "layout" ? "layout" : "include";
    const before = blank.slice(0, match.index).trimEnd();
    const after = blank.slice(match.index + kind.length);
    const isMember = before.endsWith(".") && !before.endsWith("...");
    const isKey = /^\s*:/.test(after) && /[{,]$/.test(before);
    if (isMember || isKey) continue;
    const opening = /^\s*\(\s*["'`]/.exec(after);
    const start = match.index + kind.length + (opening?.[0].length ?? 0) - 1;
    const literal = opening === null ? null : /^(["'`])([^"'`\\$\n]*)\1(?=\s*[,)])/.exec(code.slice(start));
    const written = literal?.[2];
    if (
      literal === null ||
      written === undefined ||
      !/^["'`]\s*[,)]/.test(blank.slice(start + literal[0].length - 1))
    ) {
      throw site.fail(
        `${kind} must be called with the name of a template between quotes, as in ${kind}("partials/card"): what a page depends on must be known before it is rendered. Choose with if between two calls`,
      );
    }
    uses.push({ kind, name: resolve(kind, written, site), start: match.index, end: start + literal[0].length });
  }
  return uses;
}

function resolve(kind: TemplateUse["kind"], written: string, { set, from, fail }: UseSite): string {
  const base = /^\.\.?\//.test(written) ? path.posix.dirname(from) : ".";
  const name = path.posix.join(base, written.replace(/^\/+/, ""));
  if (!set.files.has(name)) {
    const hint = set.files.has(name.replace(/\.eta$/, "")) ? "leave out .eta" : "create the file, or correct the name";
    throw fail(`there is no template \`${name}\` for ${kind}("${written}"): ${hint}`);
  }
  if (templateKind(name) !== templateKind(from)) {
    throw fail(
      `${kind}("${written}") is ${templateKind(name)} by its name, and this template is ${templateKind(from)}: values are escaped in another way. Rename one of them`,
    );
  }
  return name;
}
