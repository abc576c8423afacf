import { attributeContext } from "./attribute-context.ts";
import type { HtmlState } from "./html-state.ts";
import { afterValue, isCode } from "./script-lexer.ts";
import { ContextError, type SlotContext } from "./slot-context.ts";
import { readUrlSlot } from "./url-position.ts";

const RCDATA: ReadonlySet<string> = new Set(["title", "textarea"]);
const REFUSED_TEXT: Readonly<Record<string, string>> = {
  style: "<style> takes no values: choose between classes, or put the value into a data- attribute",
  noscript: "<noscript> takes no values: browsers read it in two ways",
};

function readRawSlot(state: HtmlState): { context: SlotContext; state: HtmlState } {
  const { tag } = state;
  if (state.tail !== "")
    throw new ContextError(`a value right behind \`${state.tail}\` could end <${tag}>: put a space between`);
  if (RCDATA.has(tag)) return { context: "rcdata", state };
  if (tag !== "script")
    throw new ContextError(REFUSED_TEXT[tag] ?? `<${tag}> takes no values: browsers read it as bare text`);
  const stands = isCode(state.script, "javascript");
  if (stands === true) return { context: "script", state: { ...state, script: afterValue(state.script) } };
  throw new ContextError(
    stands === false
      ? "a value in a string, comment or pattern of a script could end it: write json(value) where a whole value stands, without quotes around it"
      : 'it can\'t be told whether this is in a string of the script: put the data into <script type="application/json"> of its own',
  );
}

/**
 * The context of a slot, and the state behind it.
 * @throws ContextError where no value is safe; its message says what to do instead.
 */
export function readHtmlSlot(state: HtmlState): { context: SlotContext; state: HtmlState } {
  switch (state.mode) {
    case "text":
      return { context: "text", state };
    case "raw":
      return readRawSlot(state);
    case "doubleQuoted":
    case "singleQuoted": {
      const found = attributeContext(state.tag, state.attribute);
      if ("refusal" in found) throw new ContextError(found.refusal);
      const isContent = state.tag === "meta" && state.attribute === "content";
      const next = isContent ? { ...state, hasContentSlot: true } : state;
      if (found.context !== "url") return { context: found.context, state: next };
      const { isChecked, position } = readUrlSlot(state.url);
      return { context: isChecked ? "url" : "attribute", state: { ...next, url: position } };
    }
    case "beforeValue":
    case "unquoted":
      throw new ContextError(`the value of \`${state.attribute}\` isn't in quotes: put quotes around it`);
    case "tagOpen":
    case "endTagOpen":
    case "tagName":
      throw new ContextError("a value can't be (a part of) a tag name: choose between whole tags with if");
    case "beforeAttributeName":
    case "attributeName":
    case "afterAttributeName":
    case "nameEnd":
    case "afterValue":
      throw new ContextError(
        'a value can\'t be (a part of) an attribute name: write name="<%= value %>", or choose with if',
      );
    case "declaration":
    case "bogusComment":
      throw new ContextError("a doctype or processing instruction takes no values");
    case "commentStart":
    case "commentStartDash":
    case "comment":
    case "commentEndDash":
    case "commentEnd":
    case "commentEndBang":
      throw new ContextError(
        "a comment takes no values: leave it out, or use a comment of the template, <% /* … */ %>",
      );
  }
}
