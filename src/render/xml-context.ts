import { attributeContext } from "./attribute-context.ts";
import { ContextError, type ContextScanner } from "./slot-context.ts";
import { joinUrlPositions, readUrlCharacter, readUrlSlot, type UrlPosition } from "./url-position.ts";

type XmlMode =
  | "text"
  | "tagOpen"
  | "tagName"
  | "inTag"
  | "attributeName"
  | "beforeValue"
  | "doubleQuoted"
  | "singleQuoted"
  | "afterValue"
  | "declaration"
  | "comment"
  | "cdata"
  | "instruction"
  | "doctype";

interface XmlState {
  readonly mode: XmlMode;
  readonly tag: string;
  readonly isSelfClosing: boolean;
  readonly attribute: string;
  readonly url: UrlPosition;
  /** The last characters, as far as they may be the beginning of what ends this mode. */
  readonly tail: string;
  /** `script` or `style` while one is open (SVG, XHTML). */
  readonly code: string;
}

const START: XmlState = {
  mode: "text",
  tag: "",
  isSelfClosing: false,
  attribute: "",
  url: "start",
  tail: "",
  code: "",
};
const ENDS: Readonly<Partial<Record<XmlMode, string>>> = {
  comment: "-->",
  cdata: "]]>",
  instruction: "?>",
  doctype: ">",
};
const SPACE = /[\t\n\r ]/;
const localName = (name: string): string => name.slice(name.lastIndexOf(":") + 1).toLowerCase();

function closeTag(state: XmlState): XmlState {
  const isEndTag = state.tag.startsWith("/");
  const name = localName(state.tag.replace("/", ""));
  if (isEndTag) return { ...START, code: name === state.code ? "" : state.code };
  const isCode = (name === "script" || name === "style") && !state.isSelfClosing;
  return { ...START, code: isCode ? name : state.code };
}

function readInTag(state: XmlState, character: string): XmlState {
  if (SPACE.test(character)) return { ...state, mode: "inTag" };
  if (character === "/") return { ...state, mode: "inTag", isSelfClosing: true };
  return character === ">" ? closeTag(state) : { ...state, mode: "attributeName", attribute: character };
}

function readDeclaration(state: XmlState, character: string): XmlState {
  const tail = state.tail + character;
  const begin = { ...START, code: state.code };
  if (tail === "--") return { ...begin, mode: "comment" };
  if (tail === "[CDATA[") return { ...begin, mode: "cdata" };
  if (tail === "DOCTYPE") return { ...begin, mode: "doctype" };
  if (["--", "[CDATA[", "DOCTYPE"].some((name) => name.startsWith(tail))) return { ...state, tail };
  throw new ContextError("`<!` begins a comment, CDATA or DOCTYPE in XML: write &lt; if it is text");
}

function readUntilEnd(state: XmlState, character: string): XmlState {
  const end = ENDS[state.mode] ?? ">";
  const tail = (state.tail + character).slice(-end.length);
  if (state.mode === "doctype" && character === "[") {
    throw new ContextError("a DOCTYPE with declarations of its own isn't supported: leave out the part in [ ]");
  }
  return tail === end ? { ...START, code: state.code } : { ...state, tail };
}

function readCharacter(state: XmlState, character: string): XmlState {
  switch (state.mode) {
    case "text":
      return character === "<" ? { ...state, mode: "tagOpen" } : state;
    case "tagOpen":
      if (character === "!") return { ...state, mode: "declaration" };
      if (character === "?") return { ...state, mode: "instruction" };
      if (/[\s<>]/.test(character)) throw new ContextError("`<` begins a tag in XML: write &lt; if it is text");
      return { ...state, mode: "tagName", tag: character };
    case "tagName":
      if (SPACE.test(character) || character === "/" || character === ">") return readInTag(state, character);
      return { ...state, tag: state.tag + character };
    case "inTag":
      return readInTag(state, character);
    case "afterValue":
      if (SPACE.test(character) || character === "/" || character === ">") return readInTag(state, character);
      throw new ContextError("after a value or a branch inside a tag there must be a space, / or >: put a space here");
    case "attributeName":
      if (character === "=") return { ...state, mode: "beforeValue", url: "start" };
      if (SPACE.test(character)) return state;
      if (character === ">" || character === "/")
        throw new ContextError(`the attribute \`${state.attribute}\` has no value: XML asks for one`);
      return { ...state, attribute: state.attribute + character };
    case "beforeValue":
      if (SPACE.test(character)) return state;
      if (character === '"') return { ...state, mode: "doubleQuoted" };
      if (character === "'") return { ...state, mode: "singleQuoted" };
      throw new ContextError(`the value of \`${state.attribute}\` isn't in quotes: put quotes around it`);
    case "doubleQuoted":
    case "singleQuoted": {
      if (character === (state.mode === "doubleQuoted" ? '"' : "'"))
        return { ...state, mode: "afterValue", url: "start" };
      const found = attributeContext(localName(state.tag), state.attribute.toLowerCase());
      const isUrl = "context" in found && found.context === "url";
      return isUrl ? { ...state, url: readUrlCharacter(state.url, character) } : state;
    }
    case "declaration":
      return readDeclaration(state, character);
    case "comment":
    case "cdata":
    case "instruction":
    case "doctype":
      return readUntilEnd(state, character);
  }
}

const BETWEEN_NAMES: ReadonlySet<XmlMode> = new Set<XmlMode>(["tagName", "inTag", "afterValue"]);

function join(a: XmlState, b: XmlState): XmlState | undefined {
  const isSame = (left: XmlState, right: XmlState): boolean => JSON.stringify(left) === JSON.stringify(right);
  if (a.tag === b.tag && a.code === b.code && BETWEEN_NAMES.has(a.mode) && BETWEEN_NAMES.has(b.mode)) {
    return { ...START, mode: "afterValue", tag: a.tag, code: a.code };
  }
  const url = joinUrlPositions(a.url, b.url);
  const left = { ...a, url };
  return isSame(left, { ...b, url }) ? left : undefined;
}

function open(state: XmlState): string | undefined {
  if (state.mode === "text") return state.code === "" ? undefined : `the element <${state.code}>`;
  if (state.tag !== "") return `the tag <${state.tag}`;
  return state.mode === "tagOpen" ? "a < (write &lt; if it is text)" : `a ${state.mode}`;
}

/** Follows XML 1.0: feeds, sitemaps, SVG. Scripts, styles and addresses in it are treated as in HTML. */
export const xmlScanner: ContextScanner<XmlState> = {
  start: START,
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
  readSlot(state) {
    switch (state.mode) {
      case "text":
        if (state.code === "") return { context: "xmlText", state };
        throw new ContextError(`<${state.code}> takes no values in XML: put the value into a data- attribute`);
      case "doubleQuoted":
      case "singleQuoted": {
        const found = attributeContext(localName(state.tag), state.attribute.toLowerCase());
        if ("refusal" in found) throw new ContextError(found.refusal);
        if (found.context !== "url") return { context: "xmlAttribute", state };
        const { isChecked, position } = readUrlSlot(state.url);
        return { context: isChecked ? "xmlUrl" : "xmlAttribute", state: { ...state, url: position } };
      }
      case "beforeValue":
        throw new ContextError(`the value of \`${state.attribute}\` isn't in quotes: put quotes around it`);
      case "tagOpen":
      case "tagName":
      case "inTag":
      case "attributeName":
      case "afterValue":
        throw new ContextError(
          "a value can't be (a part of) a tag or an attribute name: choose between whole tags with if",
        );
      case "cdata":
        throw new ContextError("CDATA takes no values: leave out <![CDATA[ and ]]>, the value is escaped");
      case "declaration":
      case "comment":
      case "instruction":
      case "doctype":
        throw new ContextError(`a ${state.mode} takes no values`);
    }
  },
  join,
  open,
};
