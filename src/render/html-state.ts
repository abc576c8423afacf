import { SCRIPT_START, type ScriptPosition } from "./script-lexer.ts";
import type { UrlPosition } from "./url-position.ts";

/** The tokenizer states of the HTML Standard that decide where a value stands. `nameEnd`: a tag or attribute name may, or may not, have just ended. */
export type HtmlMode =
  | "text"
  | "tagOpen"
  | "endTagOpen"
  | "tagName"
  | "beforeAttributeName"
  | "attributeName"
  | "afterAttributeName"
  | "nameEnd"
  | "beforeValue"
  | "doubleQuoted"
  | "singleQuoted"
  | "unquoted"
  | "afterValue"
  | "raw"
  | "declaration"
  | "bogusComment"
  | "commentStart"
  | "commentStartDash"
  | "comment"
  | "commentEndDash"
  | "commentEnd"
  | "commentEndBang";

export interface HtmlState {
  readonly mode: HtmlMode;
  /** The tag that is being read, or whose text is (mode `raw`), in lower case. */
  readonly tag: string;
  readonly isEndTag: boolean;
  readonly isSelfClosing: boolean;
  readonly attribute: string;
  readonly url: UrlPosition;
  /** In raw text, the beginning of what may be its end tag; in a declaration, the characters since `<!`. */
  readonly tail: string;
  /** How many <svg> and <math> are open: in there, browsers read scripts and styles by other rules. */
  readonly foreignDepth: number;
  readonly hasHttpEquiv: boolean;
  readonly hasContentSlot: boolean;
  readonly script: ScriptPosition;
}

/** Outside of everything. */
export const HTML_START: HtmlState = {
  mode: "text",
  tag: "",
  isEndTag: false,
  isSelfClosing: false,
  attribute: "",
  url: "start",
  tail: "",
  foreignDepth: 0,
  hasHttpEquiv: false,
  hasContentSlot: false,
  script: SCRIPT_START,
};
