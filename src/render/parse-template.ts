import { Eta } from "eta/core";
import { findTemplateUses, type TemplateUse } from "./template-uses.ts";
import { blankScript } from "./blank-script.ts";
import { TemplateError } from "./renderer.ts";
import type { TemplateSet } from "./template-set.ts";
import { messageOf } from "../core/errors.ts";

export interface TextPart {
  readonly type: "text";
  readonly text: string;
  /** Where it begins; 1-based, as all lines. */
  readonly line: number;
}

/** `run` is `<% … %>`, `print` is `<%= … %>`, `printHtml` is `<%~ … %>`. */
export interface TagPart {
  readonly type: "tag";
  readonly mode: "run" | "print" | "printHtml";
  readonly code: string;
  /** `code` with strings, comments and patterns blanked out, at the same length. */
  readonly blank: string;
  readonly line: number;
  readonly uses: readonly TemplateUse[];
}
type TemplatePart = TextPart | TagPart;

export interface ParsedTemplate {
  readonly name: string;
  /** For messages: the file's name below the templates directory. */
  readonly file: string;
  readonly parts: readonly TemplatePart[];
}

/** The templates that a template includes or uses as a layout, itself. */
export function usedBy({ parts }: ParsedTemplate): readonly string[] {
  return parts.flatMap((part) => (part.type === "tag" ? part.uses.map(({ name }) => name) : []));
}

const MODES: Readonly<Record<string, TagPart["mode"]>> = { e: "run", i: "print", r: "printHtml" };
const eta = new Eta();

/**
 * The parts of a template, by Eta's own parser with its default trimming. Line breaks become `\n`.
 * @throws TemplateError if it is missing, isn't UTF-8, a tag isn't closed, or `include` and `layout` aren't given the literal name of a template.
 */
export function parseTemplate(set: TemplateSet, name: string): ParsedTemplate {
  const file = `${name}.eta`;
  const source = sourceOf(set, name, file);
  const parts: TemplatePart[] = [];
  let cursor = 0;
  let known = { offset: 0, line: 1 };
  const lineAt = (offset: number): number => {
    known = { offset, line: known.line + source.slice(known.offset, offset).split("\n").length - 1 };
    return known.line;
  };
  for (const item of parseWithEta(source, file)) {
    if (typeof item === "string") {
      // Eta hands text out escaped for a JavaScript string in single quotes.
      const text = item.replaceAll(/\\([\\'n])/g, (_, character: string) => (character === "n" ? "\n" : character));
      const start = source.indexOf(text, cursor);
      parts.push({ type: "text", text, line: lineAt(start) });
      cursor = start + text.length;
    } else {
      const start = source.indexOf("<%", cursor);
      const line = lineAt(start);
      const mode = MODES[item.t] ?? "run";
      const blank = blankScript(item.val);
      const fail = (message: string): TemplateError => new TemplateError(file, line, message);
      const uses = findTemplateUses(item.val, blank, { set, from: name, fail });
      parts.push({ type: "tag", mode, code: item.val, blank, line, uses });
      cursor = source.indexOf("%>", source.indexOf(item.val, start + 2) + item.val.length) + 2;
    }
  }
  return { name, file, parts };
}

function sourceOf(set: TemplateSet, name: string, file: string): string {
  const bytes = set.files.get(name);
  if (bytes === undefined) {
    throw new TemplateError(file, undefined, `there is no template \`${name}\`: create the file, or correct the name`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll(/\r\n?/g, "\n");
  } catch (error) {
    throw new TemplateError(file, undefined, "isn't valid UTF-8: save it as UTF-8", error);
  }
}

function parseWithEta(source: string, file: string): ReturnType<Eta["parse"]> {
  try {
    return eta.parse(source);
  } catch (error) {
    const [, what, line] = /^(.*) at line (\d+) col/.exec(messageOf(error)) ?? [];
    const hint = what === "unclosed tag" ? " (every <% needs its %>)" : "";
    throw new TemplateError(
      file,
      line === undefined ? undefined : Number(line),
      `${what ?? messageOf(error)}${hint}`,
      error,
    );
  }
}
