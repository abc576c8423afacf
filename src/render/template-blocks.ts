import { TemplateError } from "./renderer.ts";
import type { ParsedTemplate, TagPart, TextPart } from "./parse-template.ts";

/** `choice`: if and else; one arm runs, or none unless it is exhaustive. `repeat`: a loop, switch or callback; its one arm runs any number of times. */
export interface Block {
  readonly type: "block";
  readonly kind: "choice" | "repeat";
  readonly arms: readonly (readonly BlockNode[])[];
  readonly isExhaustive: boolean;
  readonly line: number;
}
/** A way out of a block (`break`, `continue`, `return`) or a way into it (`case`), at which the text must be where the block began. */
export interface Jump {
  readonly type: "jump";
  readonly word: string;
  /** Whether it may leave more than the innermost block: `return`, and a break with a label. */
  readonly isFar: boolean;
  readonly line: number;
}
export type BlockNode = TextPart | TagPart | Block | Jump;

type BraceKind = "if" | "else" | "repeat" | "callback" | "function" | "try" | "other";
interface OpenBrace {
  readonly kind: BraceKind;
  readonly line: number;
  /** The tag that opened it, and how many nodes there were. */
  readonly tag: TagPart;
  readonly nodes: BlockNode[];
  /** The arms of the same if before this one. */
  readonly arms: readonly (readonly BlockNode[])[];
  /** How many brackets were open before it in its tag. */
  readonly brackets: string;
}

/**
 * The parts of a template as nested blocks, by the braces that stay open from one tag to another.
 * @throws TemplateError for a brace without its partner, and for blocks whose text may come out at another place than where it stands.
 */
export function templateBlocks(template: ParsedTemplate): readonly BlockNode[] {
  const root: BlockNode[] = [];
  const stack: OpenBrace[] = [];
  const nodesNow = (): BlockNode[] => stack.at(-1)?.nodes ?? root;
  for (const part of template.parts) {
    nodesNow().push(part);
    if (part.type === "tag" && part.mode === "run") readTag(template, part, stack, nodesNow);
  }
  const left = stack.at(-1);
  if (left === undefined) return root;
  throw new TemplateError(template.file, left.line, "the block that begins here isn't closed: add <% } %>");
}

const TOKEN = /[{}()[\]]|(?<![\w$.])(?:return|case|default|(?:break|continue)(?:[ \t]+[\w$]+)?)(?![\w$])/g;
const BRACELESS = /(?:^(?:\}\s*)?(?:else\s+)?(?:if|for)|^while|(?<![\w$.])else\s+if)\s*$/;

function readTag(template: ParsedTemplate, tag: TagPart, stack: OpenBrace[], nodesNow: () => BlockNode[]): void {
  const { blank } = tag;
  const fail = (message: string): TemplateError => new TemplateError(template.file, tag.line, message);
  const head = blank.trim();
  const isBraceless = head.endsWith(")") && BRACELESS.test(head.slice(0, openingBracket(head)));
  if (isBraceless || /(?<![\w$.])(?:else|do)$/.test(head)) {
    throw fail("write braces around what an if or a loop contains: <% if (…) { %> … <% } %>");
  }
  let brackets = "";
  let arms: readonly (readonly BlockNode[])[] = [];
  for (const { 0: token, index } of blank.matchAll(TOKEN)) {
    if (token === "{") {
      const kind = braceKind(blank.slice(0, index), brackets);
      const isArm = kind === "if" || kind === "else";
      stack.push({ kind, line: tag.line, tag, nodes: [], brackets, arms: isArm ? arms : [] });
      if (isArm) arms = [];
      brackets += "{";
    } else if (token === "}") {
      const brace = stack.pop();
      if (brace === undefined) throw fail("there is a } too many: nothing is open here");
      brackets = brace.tag === tag ? brace.brackets : "";
      const isElse = /^\}\s*else(?![\w$])/.test(blank.slice(index));
      const closed = closeBrace(brace, tag, isElse, nodesNow(), fail);
      if (isElse) arms = closed;
    } else if (token === "(" || token === "[") {
      brackets += token;
    } else if (token === ")" || token === "]") {
      brackets = brackets.slice(0, -1);
    } else {
      if (token === "return" && !stack.some(({ kind }) => kind === "callback" || kind === "function")) {
        throw fail("a template can't return: put what follows into an if");
      }
      const isKey = /^\s*:/.test(blank.slice(index + token.length)) && token !== "default";
      const isFar = token === "return" || /\s/.test(token);
      if (!isKey) nodesNow().push({ type: "jump", word: token, isFar, line: tag.line });
    }
  }
}

/** Closes a brace, and returns the arms that a following else goes on with. */
function closeBrace(
  brace: OpenBrace,
  tag: TagPart,
  isElse: boolean,
  nodes: BlockNode[],
  fail: (message: string) => TemplateError,
): readonly (readonly BlockNode[])[] {
  const isWithinTag = brace.tag === tag && brace.arms.length === 0;
  if (isWithinTag && !isElse) {
    // A loop or function within one tag prints nothing, and takes its own jumps.
    const isFunction = brace.kind === "callback" || brace.kind === "function";
    const isLeft = (node: BlockNode): boolean => brace.kind !== "repeat" || (node.type === "jump" && node.isFar);
    if (!isFunction) nodes.push(...brace.nodes.filter(isLeft));
    return [];
  }
  const prints = brace.nodes.some((node) => node.type !== "jump" && (node.type !== "tag" || node.mode !== "run"));
  if (prints && brace.kind === "function") {
    throw fail("a function can't contain text of the template: make it a partial, and include it");
  }
  if (prints && brace.kind === "try") {
    throw fail(
      "try can't contain text of the template: a failure would leave half of it. Try in one tag, print after it",
    );
  }
  const arms = [...brace.arms, brace.nodes];
  if (isElse) return arms;
  nodes.push({
    type: "block",
    kind: brace.kind === "repeat" || brace.kind === "callback" ? "repeat" : "choice",
    arms,
    isExhaustive: brace.kind === "else" || brace.kind === "other",
    line: brace.line,
  });
  return [];
}

/** Where the bracket was opened that the text ends with. */
function openingBracket(text: string): number {
  let depth = 0;
  for (let index = text.length - 1; index >= 0; index -= 1) {
    const character = text.charAt(index);
    if (character === ")") depth += 1;
    if (character === "(") depth -= 1;
    if (depth === 0) return index;
  }
  return 0;
}

function braceKind(before: string, brackets: string): BraceKind {
  const head = before.trimEnd();
  if (/(?<![\w$.])else$/.test(head)) return "else";
  if (/(?<![\w$.])do$/.test(head)) return "repeat";
  if (/(?<![\w$.])(?:try|finally|catch)$/.test(head)) return "try";
  if (head.endsWith("=>")) return brackets.endsWith("(") ? "callback" : "function";
  if (!head.endsWith(")")) return "other";
  const word = /(?<![\w$.])([\w$]*)$/.exec(head.slice(0, openingBracket(head)).trimEnd())?.[1] ?? "";
  if (word === "if") return "if";
  if (word === "for" || word === "while" || word === "switch" || word === "with") return "repeat";
  if (word === "catch") return "try";
  return /(?<![\w$.])function\s*[\w$]*\s*$/.test(head.slice(0, openingBracket(head))) && brackets.endsWith("(")
    ? "callback"
    : "function";
}
