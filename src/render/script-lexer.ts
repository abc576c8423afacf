/**
 * The kind of text that a position in a script or a style sheet lies in. `slash` is code after a `/` that isn't decided yet; `unsure` is whatever follows
 * a `/` that may be a division as well as a regular expression.
 */
type ScriptMode =
  | "code"
  | "slash"
  | "lineComment"
  | "blockComment"
  | "blockCommentStar"
  | "single"
  | "double"
  | "template"
  | "templateDollar"
  | "regex"
  | "regexClass"
  | "unsure";

/** A position in JavaScript or CSS, as far as strings, comments and regular expressions go. */
export interface ScriptPosition {
  readonly mode: ScriptMode;
  readonly isEscaped: boolean;
  /** The open braces, `$` for one that a template literal opened. */
  readonly nesting: string;
  /** The last word or character of code. `?` when two ways meet here. */
  readonly last: string;
  readonly isWordOpen: boolean;
}

export const SCRIPT_START: ScriptPosition = {
  mode: "code",
  isEscaped: false,
  nesting: "",
  last: "",
  isWordOpen: false,
};

/** CSS has no regular expressions, and no comments that end with their line. */
export type ScriptLanguage = "javascript" | "css";

const BEFORE_REGEX: ReadonlySet<string> = new Set([
  "await",
  "case",
  "delete",
  "do",
  "else",
  "in",
  "instanceof",
  "new",
  "of",
  "return",
  "throw",
  "typeof",
  "void",
  "yield",
]);

type Slash = "regex" | "division" | "unsure";

function meaningOfSlash(last: string): Slash {
  if (last === ")" || last === "}" || last === "++" || last === "--" || last === "?meet") return "unsure";
  if (/^[\w$"'`\]\u0080-\uffff]/.test(last)) return BEFORE_REGEX.has(last) ? "regex" : "division";
  return "regex";
}

/** Whether a value at this position stands in code; undefined when that can't be told. */
export function isCode(position: ScriptPosition, language: ScriptLanguage): boolean | undefined {
  if (position.mode === "unsure") return undefined;
  if (position.mode !== "slash") return position.mode === "code";
  if (language === "css") return true;
  const meaning = meaningOfSlash(position.last);
  return meaning === "unsure" ? undefined : meaning === "division";
}

/** The position after a value was written in code. */
export function afterValue(position: ScriptPosition): ScriptPosition {
  return { ...position, mode: "code", last: '"', isWordOpen: false };
}

/** Where two ways meet. */
export function joinScriptPositions(a: ScriptPosition, b: ScriptPosition): ScriptPosition {
  const isAlike = a.mode === b.mode && a.isEscaped === b.isEscaped && a.nesting === b.nesting;
  if (!isAlike) return { ...SCRIPT_START, mode: "unsure" };
  return a.last === b.last && a.isWordOpen === b.isWordOpen ? a : { ...a, last: "?meet", isWordOpen: false };
}

const QUOTES: Readonly<Record<string, ScriptMode>> = { "'": "single", '"': "double", "`": "template" };
const QUOTE_OF: Readonly<Partial<Record<ScriptMode, string>>> = { single: "'", double: '"', template: "`" };

/**
 * Moves over one character. A `/` after `)` or `}` is taken for a division when `isLenient`, and makes the rest `unsure` otherwise.
 * The rule for regular expressions is the usual one: by the token before.
 */
export function readScriptCharacter(
  position: ScriptPosition,
  character: string,
  language: ScriptLanguage,
  isLenient = false,
): ScriptPosition {
  const { mode } = position;
  if (position.isEscaped) return { ...position, isEscaped: false };
  switch (mode) {
    case "unsure":
      return position;
    case "code":
      return readCode(position, character);
    case "slash": {
      if (character === "*") return { ...position, mode: "blockComment" };
      if (language === "css") return readCode({ ...position, mode: "code", last: "/" }, character);
      if (character === "/") return { ...position, mode: "lineComment" };
      const meaning = meaningOfSlash(position.last);
      if (meaning === "unsure" && !isLenient) return { ...position, mode: "unsure" };
      if (meaning === "regex") return readRegex({ ...position, mode: "regex" }, character);
      return readCode({ ...position, mode: "code", last: "/", isWordOpen: false }, character);
    }
    case "lineComment":
      return /[\n\r\u2028\u2029]/.test(character) ? { ...position, mode: "code" } : position;
    case "blockComment":
      return character === "*" ? { ...position, mode: "blockCommentStar" } : position;
    case "blockCommentStar":
      if (character === "/") return { ...position, mode: "code" };
      return character === "*" ? position : { ...position, mode: "blockComment" };
    case "regex":
    case "regexClass":
      return readRegex(position, character);
    case "templateDollar":
      if (character === "{")
        return { ...position, mode: "code", nesting: `${position.nesting}$`, last: "{", isWordOpen: false };
      return readString({ ...position, mode: "template" }, character);
    case "single":
    case "double":
    case "template":
      return readString(position, character);
  }
}

function readCode(position: ScriptPosition, character: string): ScriptPosition {
  const { nesting, last, isWordOpen } = position;
  if (/\s/.test(character)) return isWordOpen ? { ...position, isWordOpen: false } : position;
  const quoted = QUOTES[character];
  if (quoted !== undefined) return { ...position, mode: quoted, last: character, isWordOpen: false };
  if (character === "/") return { ...position, mode: "slash", isWordOpen: false };
  if (/[\w$\u0080-\uffff]/.test(character)) {
    return { ...position, last: isWordOpen ? last + character : character, isWordOpen: true };
  }
  if (character === "}" && nesting.endsWith("$"))
    return { ...position, mode: "template", nesting: nesting.slice(0, -1), isWordOpen: false };
  const isDoubled = (character === "+" || character === "-") && last === character;
  const next = { ...position, last: isDoubled ? character + character : character, isWordOpen: false };
  if (character === "{") return { ...next, nesting: `${nesting}{` };
  return character === "}" ? { ...next, nesting: nesting.slice(0, -1) } : next;
}

function readString(position: ScriptPosition, character: string): ScriptPosition {
  if (character === "\\") return { ...position, isEscaped: true };
  if (character === QUOTE_OF[position.mode]) return { ...position, mode: "code", last: character };
  if (character === "$" && position.mode === "template") return { ...position, mode: "templateDollar" };
  // A line break ends a string that was never closed, as it does for a browser.
  return character === "\n" && position.mode !== "template" ? { ...position, mode: "code" } : position;
}

function readRegex(position: ScriptPosition, character: string): ScriptPosition {
  if (character === "\\") return { ...position, isEscaped: true };
  if (character === "[") return { ...position, mode: "regexClass" };
  if (character === "]") return { ...position, mode: "regex" };
  if (character === "\n") return { ...position, mode: "code" };
  return character === "/" && position.mode === "regex"
    ? { ...position, mode: "code", last: "]", isWordOpen: false }
    : position;
}
