import { Html } from "../core/html.ts";
import {
  checkUrl,
  escapeAttribute,
  escapeSrcset,
  escapeText,
  escapeUrl,
  escapeXml,
  escapeXmlAttribute,
} from "./escape.ts";
import { ScriptJson } from "../core/json-template.ts";
import type { SlotContext } from "./slot-context.ts";

/** A value that can't be printed. The message reads on from the expression: "`it.film.year` is undefined: ...". */
export class SlotError extends Error {
  override readonly name = "SlotError";
  /** The expression, when it is only a part of what stands in the tag. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** Writes a value where a slot of one context stands. */
type SlotWriter = (value: unknown) => string;

/** The text of a value that isn't markup; null is no text. */
function print(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "undefined":
      throw new SlotError('is undefined: test it with if first, or write ?? "" behind it');
    case "function":
      throw new SlotError("is a function: call it");
    case "symbol":
      throw new SlotError("is a symbol, which can't be printed");
    case "object":
      if (value === null) return "";
      if (value instanceof Html) return value.html;
      if (value instanceof Date) return value.toISOString();
      if (value instanceof Promise) throw new SlotError("is a promise: await it in load");
      throw new SlotError(
        Array.isArray(value)
          ? 'is an array: print its elements in a loop, or use .join(", ") or json(…)'
          : "is an object: print one of its fields, or use json(…)",
      );
  }
}

/** Markup as it stands, and arrays of it. */
function markupOf(value: unknown): string | undefined {
  if (value instanceof Html) return value.html;
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  return items.every((item) => item instanceof Html) ? items.map((item) => item.html).join("") : undefined;
}

const inMarkup = (escape: (text: string) => string): SlotWriter => {
  return (value) => (typeof value === "string" ? escape(value) : (markupOf(value) ?? escape(print(value))));
};
const inText = (escape: (text: string) => string): SlotWriter => {
  return (value) => escape(typeof value === "string" ? value : print(value));
};

/** How a value is written in each context. Markup is written as it stands in text only; elsewhere it is text. */
export const SLOT_WRITERS: Readonly<Record<SlotContext, SlotWriter>> = {
  text: inMarkup(escapeText),
  rcdata: inText(escapeText),
  attribute: inText(escapeAttribute),
  url: inText(escapeUrl),
  srcset: inText(escapeSrcset),
  xmlText: inMarkup(escapeXml),
  xmlAttribute: inText(escapeXmlAttribute),
  xmlUrl: inText((value) => escapeXmlAttribute(checkUrl(value))),
  plain: (value) => markupOf(value) ?? print(value),
  script(value) {
    if (value instanceof ScriptJson) return value.html;
    throw new SlotError("is written into a script: write json(…) around it");
  },
  json(value) {
    if (value instanceof Html) return value.html;
    throw new SlotError("is written into code: write json(…) around it");
  },
};

/** Lets markup through, for `<%~ … %>`. */
export function requireHtml(value: unknown): unknown {
  if (markupOf(value) !== undefined) return value;
  throw new SlotError("isn't markup: write <%= … %> to print text, or raw(…) around markup that you have made safe");
}
