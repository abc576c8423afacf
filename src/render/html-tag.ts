import { Html } from "../core/html.ts";
import { htmlScanner } from "./html-context.ts";
import { HTML_LITERAL, TemplateError } from "./renderer.ts";
import { ContextError, type SlotContext } from "./slot-context.ts";
import { SLOT_WRITERS, SlotError } from "./slot-value.ts";

const contextsOfLiterals = new WeakMap<TemplateStringsArray, readonly SlotContext[]>();

/**
 * Markup from a literal, its values escaped by where they stand: by the same rules as in Eta templates. Html and arrays of Html stand as they are
 * in text; null prints nothing. A literal begins and ends outside of tags.
 * @throws TemplateError where no value is safe, and for a value that can't be printed (undefined, an object, a function). It names no file; the line
 *   counts within the literal.
 */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  let contexts = contextsOfLiterals.get(strings);
  if (contexts === undefined) {
    contexts = contextsOf(strings);
    contextsOfLiterals.set(strings, contexts);
  }
  let markup = strings[0] ?? "";
  for (const [index, context] of contexts.entries()) {
    try {
      markup += SLOT_WRITERS[context](values[index]);
    } catch (error) {
      if (!(error instanceof SlotError)) throw error;
      throw new TemplateError(
        HTML_LITERAL,
        lineOf(strings, index, Infinity),
        `value ${index + 1} ${error.message}`,
        error,
      );
    }
    markup += strings[index + 1] ?? "";
  }
  return new Html(markup);
}

function contextsOf(strings: TemplateStringsArray): readonly SlotContext[] {
  const contexts: SlotContext[] = [];
  let state = htmlScanner.start;
  for (const [index, text] of strings.entries()) {
    try {
      state = htmlScanner.readText(state, text);
    } catch (error) {
      if (!(error instanceof ContextError)) throw error;
      throw new TemplateError(HTML_LITERAL, lineOf(strings, index, error.offset), error.message, error);
    }
    if (index === strings.length - 1) break;
    try {
      const slot = htmlScanner.readSlot(state);
      contexts.push(slot.context);
      state = slot.state;
    } catch (error) {
      if (!(error instanceof ContextError)) throw error;
      throw new TemplateError(
        HTML_LITERAL,
        lineOf(strings, index, Infinity),
        `value ${index + 1}: ${error.message}`,
        error,
      );
    }
  }
  const open = htmlScanner.open(state);
  if (open === undefined) return contexts;
  throw new TemplateError(
    HTML_LITERAL,
    lineOf(strings, strings.length - 1, Infinity),
    `${open} is still open at the end: close it here`,
  );
}

/** The line of an offset in one of the strings, counted from the beginning of the literal. */
function lineOf(strings: TemplateStringsArray, index: number, offset: number): number {
  return [...strings.slice(0, index), (strings[index] ?? "").slice(0, offset)].join("").split("\n").length;
}
