import { attributeContext } from "./attribute-context.ts";
import { readHtmlSlot } from "./html-slot.ts";
import { HTML_START, type HtmlMode, type HtmlState } from "./html-state.ts";
import { joinScriptPositions, readScriptCharacter } from "./script-lexer.ts";
import { ContextError, type ContextScanner } from "./slot-context.ts";
import { joinUrlPositions, readUrlCharacter } from "./url-position.ts";

const RAW_TEXT: ReadonlySet<string> = new Set([
  "script",
  "style",
  "noscript",
  "xmp",
  "noembed",
  "noframes",
  "plaintext",
  "iframe",
  "title",
  "textarea",
]);
const SPACE = /[\t\n\f\r ]/;
const LETTER = /[a-z]/i;

function text(state: HtmlState): HtmlState {
  return { ...HTML_START, foreignDepth: state.foreignDepth };
}

function closeTag(state: HtmlState): HtmlState {
  const { tag, isEndTag, isSelfClosing } = state;
  if (state.hasHttpEquiv && state.hasContentSlot) {
    throw new ContextError("`content` takes no values beside `http-equiv`: write the whole <meta> out");
  }
  const isForeign = tag === "svg" || tag === "math";
  if (isEndTag)
    return { ...HTML_START, foreignDepth: isForeign ? Math.max(0, state.foreignDepth - 1) : state.foreignDepth };
  if (isForeign) return { ...HTML_START, foreignDepth: state.foreignDepth + (isSelfClosing ? 0 : 1) };
  if (!RAW_TEXT.has(tag)) return text(state);
  if (state.foreignDepth > 0 && isSelfClosing) {
    throw new ContextError(`<${tag}/> may or may not be closed here: write <${tag}></${tag}>`);
  }
  return { ...text(state), mode: "raw", tag };
}

function readRaw(state: HtmlState, character: string): HtmlState {
  const { tag, tail } = state;
  if (tag === "plaintext") return state;
  const endTag = `</${tag}`;
  if (tail === endTag && /[\t\n\f\r />]/.test(character)) {
    return character === ">" ? text(state) : { ...text(state), mode: "beforeAttributeName", tag, isEndTag: true };
  }
  const longer = tail + character.toLowerCase();
  if (tag === "script" && longer === "<!--") {
    throw new ContextError("<!-- in a script makes browsers read its end by other rules: leave it out");
  }
  const isEndTag = endTag.startsWith(longer);
  if (state.foreignDepth > 0 && tail !== "" && !isEndTag) {
    throw new ContextError(`< in <${tag}> inside <svg> or <math> may be read as markup: move it out, or into a file`);
  }
  const isKept = isEndTag || (tag === "script" && "<!--".startsWith(longer));
  const nextTail = isKept ? longer : character === "<" ? "<" : "";
  const script = tag === "script" ? readScriptCharacter(state.script, character, "javascript") : state.script;
  return { ...state, tail: nextTail, script };
}

function endAttributeName(state: HtmlState): HtmlState {
  const isHttpEquiv = state.tag === "meta" && state.attribute === "http-equiv";
  return isHttpEquiv ? { ...state, hasHttpEquiv: true } : state;
}

function readAttributeValue(state: HtmlState, character: string): HtmlState {
  const { tag, attribute } = state;
  const found = attributeContext(tag, attribute);
  const isUrl = "context" in found && found.context === "url";
  return isUrl ? { ...state, url: readUrlCharacter(state.url, character) } : state;
}

/** Between the names and values of a tag: all that may follow there. */
function readInTag(state: HtmlState, character: string): HtmlState {
  if (SPACE.test(character)) return { ...state, mode: "beforeAttributeName", isSelfClosing: false };
  if (character === "/") return { ...state, mode: "beforeAttributeName", isSelfClosing: true };
  if (character === ">") return closeTag(state);
  return { ...state, mode: "attributeName", attribute: character.toLowerCase(), isSelfClosing: false };
}

function readCharacter(state: HtmlState, character: string): HtmlState {
  switch (state.mode) {
    case "text":
      return character === "<" ? { ...state, mode: "tagOpen" } : state;
    case "tagOpen":
      if (character === "!") return { ...state, mode: "declaration", tail: "" };
      if (character === "/") return { ...state, mode: "endTagOpen" };
      if (character === "?") return { ...state, mode: "bogusComment" };
      if (LETTER.test(character)) return { ...state, mode: "tagName", tag: character.toLowerCase() };
      return readCharacter(text(state), character);
    case "endTagOpen":
      if (LETTER.test(character)) return { ...state, mode: "tagName", tag: character.toLowerCase(), isEndTag: true };
      return character === ">" ? text(state) : { ...state, mode: "bogusComment" };
    case "tagName":
      if (SPACE.test(character) || character === "/" || character === ">") return readInTag(state, character);
      return { ...state, tag: state.tag + character.toLowerCase() };
    case "nameEnd":
      if (SPACE.test(character) || character === "/" || character === ">") return readInTag(state, character);
      throw new ContextError("after a branch inside a tag there must be a space, / or >: put a space here");
    case "beforeAttributeName":
    case "afterValue":
      return readInTag(state, character);
    case "attributeName":
      if (SPACE.test(character)) return { ...endAttributeName(state), mode: "afterAttributeName" };
      if (character === "=") return { ...endAttributeName(state), mode: "beforeValue", url: "start" };
      if (character === "/" || character === ">") return readInTag(endAttributeName(state), character);
      return { ...state, attribute: state.attribute + character.toLowerCase() };
    case "afterAttributeName":
      if (SPACE.test(character)) return state;
      if (character === "=") return { ...state, mode: "beforeValue", url: "start" };
      return readInTag(state, character);
    case "beforeValue":
      if (SPACE.test(character)) return state;
      if (character === '"') return { ...state, mode: "doubleQuoted" };
      if (character === "'") return { ...state, mode: "singleQuoted" };
      return character === ">" ? closeTag(state) : { ...state, mode: "unquoted" };
    case "unquoted":
      if (SPACE.test(character)) return { ...state, mode: "beforeAttributeName" };
      return character === ">" ? closeTag(state) : state;
    case "doubleQuoted":
    case "singleQuoted":
      if (character === (state.mode === "doubleQuoted" ? '"' : "'")) return { ...state, mode: "afterValue" };
      return readAttributeValue(state, character);
    case "raw":
      return readRaw(state, character);
    case "declaration":
      return readDeclaration(state, character);
    case "bogusComment":
      return character === ">" ? text(state) : state;
    case "commentStart":
      if (character === "-") return { ...state, mode: "commentStartDash" };
      return character === ">" ? text(state) : readCharacter({ ...state, mode: "comment" }, character);
    case "commentStartDash":
      if (character === "-") return { ...state, mode: "commentEnd" };
      return character === ">" ? text(state) : readCharacter({ ...state, mode: "comment" }, character);
    case "comment":
      return character === "-" ? { ...state, mode: "commentEndDash" } : state;
    case "commentEndDash":
      return { ...state, mode: character === "-" ? "commentEnd" : "comment" };
    case "commentEnd":
      if (character === ">") return text(state);
      if (character === "!") return { ...state, mode: "commentEndBang" };
      return character === "-" ? state : { ...state, mode: "comment" };
    case "commentEndBang":
      if (character === ">") return text(state);
      return { ...state, mode: character === "-" ? "commentEndDash" : "comment" };
  }
}

function readDeclaration(state: HtmlState, character: string): HtmlState {
  const tail = state.tail + character;
  if (tail === "--") return { ...text(state), mode: "commentStart" };
  if (tail === "[CDATA[") {
    throw new ContextError(
      "CDATA is read in one way inside <svg> and in another outside: write &lt; and &amp; instead",
    );
  }
  if (tail === "-" || "[CDATA[".startsWith(tail)) return { ...state, tail };
  return readCharacter({ ...text(state), mode: "bogusComment" }, character);
}

const BETWEEN_NAMES: ReadonlySet<HtmlMode> = new Set<HtmlMode>([
  "tagName",
  "beforeAttributeName",
  "attributeName",
  "afterAttributeName",
  "nameEnd",
  "afterValue",
]);

function join(a: HtmlState, b: HtmlState): HtmlState | undefined {
  const isSame = (left: HtmlState, right: HtmlState): boolean => JSON.stringify(left) === JSON.stringify(right);
  if (isSame(a, b)) return a;
  const hasContentSlot = a.hasContentSlot || b.hasContentSlot;
  const hasHttpEquiv = endAttributeName(a).hasHttpEquiv || endAttributeName(b).hasHttpEquiv;
  const isSamePlace = a.tag === b.tag && a.isEndTag === b.isEndTag && a.foreignDepth === b.foreignDepth;
  if (isSamePlace && BETWEEN_NAMES.has(a.mode) && BETWEEN_NAMES.has(b.mode)) {
    return { ...text(a), mode: "nameEnd", tag: a.tag, isEndTag: a.isEndTag, hasContentSlot, hasHttpEquiv };
  }
  const url = joinUrlPositions(a.url, b.url);
  const script = joinScriptPositions(a.script, b.script);
  const joined = { url, script, hasContentSlot, hasHttpEquiv };
  const left = { ...a, ...joined };
  return isSame(left, { ...b, ...joined }) ? left : undefined;
}

function open(state: HtmlState): string | undefined {
  const { mode, tag } = state;
  if (mode === "text") return undefined;
  if (mode === "raw") return `the element <${tag}>`;
  if (mode === "tagOpen" || mode === "endTagOpen") return "a < (write &lt; if it is text)";
  if (tag === "") return "a comment or declaration";
  if (mode === "beforeValue" || mode === "doubleQuoted" || mode === "singleQuoted" || mode === "unquoted") {
    return `the attribute \`${state.attribute}\` of <${tag}>`;
  }
  return `the tag <${state.isEndTag ? "/" : ""}${tag}`;
}

/** Follows HTML by the tokenizer of the HTML Standard (section 13.2.5). */
export const htmlScanner: ContextScanner<HtmlState> = {
  start: HTML_START,
  readText(state, markup) {
    let next = state;
    for (let offset = 0; offset < markup.length; offset += 1) {
      try {
        next = readCharacter(next, markup.charAt(offset));
      } catch (error) {
        throw error instanceof ContextError ? new ContextError(error.message, offset) : error;
      }
    }
    return next;
  },
  readSlot: readHtmlSlot,
  join,
  open,
};
