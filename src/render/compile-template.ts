import { compileFunction } from "node:vm";
import { messageOf } from "../core/errors.ts";
import { checkOperands, mayHaveOperands } from "./check-operands.ts";
import type { ParsedTemplate, TagPart } from "./parse-template.ts";
import { TemplateError } from "./renderer.ts";
import type { SlotContext } from "./slot-context.ts";
import { slotContexts } from "./slot-contexts.ts";
import { SLOT_WRITERS } from "./slot-value.ts";
import type { PropsLayer } from "./template-props.ts";

/** What the code of a template calls, by the names that it has there. */
export interface TemplateRuntime {
  readonly raw: (markup: unknown) => unknown;
  readonly json: (value: unknown) => unknown;
  readonly __props: (layer: PropsLayer) => object;
  readonly __include: (index: number, layer: PropsLayer, data?: unknown) => unknown;
  readonly __wrap: (index: number, layer: PropsLayer, data: unknown, body: string) => string;
  readonly __html: (value: unknown) => unknown;
  readonly __plus: (left: unknown, right: unknown, leftCode: string, rightCode: string) => unknown;
  readonly __within: (value: unknown, code: string) => unknown;
  /** What to throw for what was thrown in the tag of that index. */
  readonly __fail: (thrown: unknown, tag: number) => TemplateError;
}

export type TemplateFunction = (layer: PropsLayer) => string;

interface CompiledTemplate {
  /** Its tags in order; an error names one by its index. */
  readonly tags: readonly TagPart[];
  readonly link: (runtime: TemplateRuntime) => TemplateFunction;
}

const RUNTIME_NAMES = [
  "raw",
  "json",
  "__props",
  "__include",
  "__wrap",
  "__html",
  "__plus",
  "__within",
  "__fail",
] as const;
// Object.keys gives plain strings; the record has exactly these keys.
const CONTEXTS = Object.keys(SLOT_WRITERS) as SlotContext[];

/**
 * Compiles a template to one function that adds its text up in a local string. `indexOf` numbers the templates that it uses.
 * @throws TemplateError with the line of a tag that isn't valid JavaScript, and for whatever `slotContexts` refuses.
 */
export function compileTemplate(template: ParsedTemplate, indexOf: (name: string) => number): CompiledTemplate {
  const contexts = slotContexts(template);
  const tags = template.parts.filter((part) => part.type === "tag");
  for (const tag of tags) if (tag.mode !== "run") checkExpression(template.file, tag);
  const codes = tags.map((tag, index) => codeOf(tag, index, indexOf));
  const linesWith = (codesOfTags: readonly string[]): CodeLines => linesOf(template, tags, codesOfTags, contexts);
  const lines = linesWith(codes);
  // The plain code in any case: what V8 says of a mistake is said of what the author wrote.
  const plain = compileCode(template.file, lines, () => lines.code);
  const hasOperands = tags.some(({ code }) => mayHaveOperands(code));
  const factory = hasOperands
    ? compileCode(template.file, lines, () => {
        const checked = checkEachTag(tags, codes);
        return checked === undefined ? checkOperands(lines.code, "__out") : linesWith(checked).code;
      })
    : plain;
  const writers = CONTEXTS.map((context) => SLOT_WRITERS[context]);
  return {
    tags,
    link: (runtime) => factory(...RUNTIME_NAMES.map((name) => runtime[name]), ...writers),
  };
}

/** The function of a template, from the code of its tags. */
function linesOf(
  template: ParsedTemplate,
  tags: readonly TagPart[],
  codes: readonly string[],
  contexts: ReadonlyMap<TagPart, SlotContext>,
): CodeLines {
  const lines = new CodeLines();
  const usesLayout = tags.some((tag) => tag.uses.some((use) => use.kind === "layout"));
  lines.add('"use strict"; return function (__layer) { const it = __props(__layer); let __out = "", __tag = 0;');
  if (usesLayout) {
    lines.add("let __frame = -1, __frameTag, __frameData;");
    lines.add("const __layout = (index, data) => { __frame = index; __frameTag = __tag; __frameData = data; };");
  }
  lines.add("try {");
  for (const part of template.parts) {
    if (part.type === "text") {
      if (part.text !== "") lines.add(`__out += ${JSON.stringify(part.text)};`);
      continue;
    }
    const index = tags.indexOf(part);
    const code = codes[index] ?? "";
    if (part.mode === "run") {
      // These words go on with the statement of an earlier tag.
      const isContinued = /^\s*(?:else|case|default|catch|finally)(?![\w$])/.test(part.blank);
      lines.add(`${isContinued ? "" : `__tag = ${index};`}${code}`, part);
    } else {
      const context = contexts.get(part) ?? "text";
      const value = part.mode === "printHtml" ? `__html(${code}\n)` : code;
      lines.add(`__tag = ${index}; __out += __${context}(${value}\n);`, part);
    }
  }
  if (usesLayout)
    lines.add("if (__frame >= 0) { __tag = __frameTag; return __wrap(__frame, __layer, __frameData, __out); }");
  lines.add("return __out; } catch (__error) { throw __fail(__error, __tag); } }");
  return lines;
}

/** The generated code, and the tag that each of its lines comes from. */
class CodeLines {
  readonly #lines: { readonly text: string; readonly tag: TagPart | undefined }[] = [];

  add(code: string, tag?: TagPart): void {
    for (const text of code.split("\n")) this.#lines.push({ text, tag });
  }

  get code(): string {
    return this.#lines.map(({ text }) => text).join("\n");
  }

  /** The tag at a 1-based line of the code, or the last one before it. */
  tagAt(line: number): TagPart | undefined {
    return this.#lines.slice(0, line).findLast(({ tag }) => tag !== undefined)?.tag;
  }
}

/** The code of a tag, with its calls of include and layout bound, and the conditions that may fail marked with their tag. */
function codeOf(tag: TagPart, index: number, indexOf: (name: string) => number): string {
  const edits = tag.uses.map(({ kind, name, start, end }) => {
    return {
      start,
      end,
      text: kind === "include" ? `__include(${indexOf(name)}, __layer` : `__layout(${indexOf(name)}`,
    };
  });
  if (tag.mode === "run") {
    for (const match of tag.blank.matchAll(/(?<![\w$.])(?:if|while)\s*\(/g)) {
      const at = match.index + match[0].length;
      edits.push({ start: at, end: at, text: `__tag = ${index}, ` });
    }
  }
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((code, { start, end, text }) => code.slice(0, start) + text + code.slice(end), tag.code);
}

/** A printing tag must hold one whole expression: in both kinds of brackets nothing else is one. */
function checkExpression(file: string, tag: TagPart): void {
  try {
    for (const code of [`(${tag.code}\n)`, `[${tag.code}\n]`]) compileFunction(`"use strict"; return ${code};`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const message = tag.code.trim() === "" ? "there is nothing to print here" : `\`${tag.code}\`: ${messageOf(error)}`;
    throw new TemplateError(file, tag.line, message, error);
  }
}

/**
 * The codes of tags with their operands checked, or undefined where one holds but a piece of a statement: then the whole template has
 * to be parsed, which takes longer.
 */
function checkEachTag(tags: readonly TagPart[], codes: readonly string[]): readonly string[] | undefined {
  try {
    return codes.map((code, index) => {
      if (!mayHaveOperands(code)) return code;
      // In brackets an expression isn't taken for a statement.
      return tags[index]?.mode === "run" ? checkOperands(code) : checkOperands(`(${code}\n)`).slice(1, -2);
    });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type TemplateFactory = (...bindings: unknown[]) => TemplateFunction;

function compileCode(file: string, lines: CodeLines, codeOfLines: () => string): TemplateFactory {
  try {
    const names = [...RUNTIME_NAMES, ...CONTEXTS.map((context) => `__${context}`)];
    // The code is ours: it takes the bindings by these names, and returns the function of the template.
    return compileFunction(codeOfLines(), names, { filename: file }) as TemplateFactory;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TemplateError(file, lines.tagAt(lineOf(error))?.line, messageOf(error), error);
  }
}

/** The line of a syntax error: V8 puts "file:line" in front of its stack, and the parser has it as a field. */
function lineOf(error: SyntaxError): number {
  if ("loc" in error) return (error.loc as { readonly line: number }).line;
  return Number(/^.*:(\d+)\n/.exec(error.stack ?? "")?.[1] ?? Number.NaN);
}
