import { createRequire } from "node:module";

import type { AnyNode, Node, parse } from "acorn";

/** Nodes that may do something when they are evaluated. */
const EFFECTS: ReadonlySet<string> = new Set([
  "AssignmentExpression",
  "AwaitExpression",
  "CallExpression",
  "ImportExpression",
  "NewExpression",
  "TaggedTemplateExpression",
  "UnaryExpression",
  "UpdateExpression",
  "YieldExpression",
]);
/** Blanks and comments, then the operator. */
const OPERATOR = /^((?:\s|\/\*(?:[^*]|\*(?!\/))*\*\/|\/\/.*(?=[\n\r\u2028\u2029]|$))*)\+=?/;

/** Whether code may hold a `+`, or a template literal with values: only then is a parser worth loading. */
export function mayHaveOperands(code: string): boolean {
  return code.includes("${") || code.replaceAll("++", "").includes("+");
}

/**
 * The same code on the same lines, with the operands of `+` and `+=` handed to `__plus`, and the values of template literals to
 * `__within`: see `operands.ts`. What is added to `ownTarget` is left alone, and so are tagged literals, which take their values as they are.
 * @throws SyntaxError with the line as `loc.line` for code that the parser doesn't know.
 */
export function checkOperands(code: string, ownTarget?: string): string {
  // Loaded only where a template needs it: it takes longer than compiling all of them.
  const parser = createRequire(import.meta.url)("acorn") as { readonly parse: typeof parse };
  const program = parser.parse(code, {
    ecmaVersion: "latest",
    allowReturnOutsideFunction: true,
    preserveParens: true,
  });
  return new OperandChecks(code, ownTarget).textOf(program);
}

/** Writes code down again, node by node. */
class OperandChecks {
  readonly #code: string;
  readonly #ownTarget: string | undefined;

  constructor(code: string, ownTarget: string | undefined) {
    this.#code = code;
    this.#ownTarget = ownTarget;
  }

  textOf(node: Node): string {
    // The parser gives no other nodes; it calls their parts by the wider name.
    const known = node as AnyNode;
    switch (known.type) {
      case "BinaryExpression":
        return known.operator === "+" ? this.#sum(known.left, known.right) : this.#rest(known);
      case "AssignmentExpression":
        return known.operator === "+=" ? this.#growth(known.left, known.right) : this.#rest(known);
      case "TemplateLiteral":
        return this.#rest(known, (part) => this.#within(part));
      case "TaggedTemplateExpression":
        return this.#rest(known, (part) => (part.type === "TemplateLiteral" ? this.#rest(part) : this.textOf(part)));
      default:
        return this.#rest(known);
    }
  }

  /** The text of a node with its parts written down by `write`. */
  #rest(node: Node, write = (part: Node): string => this.textOf(part)): string {
    let text = "";
    let end = node.start;
    for (const part of partsOf(node)) {
      // Of `{ a }` the key stands where the value does.
      if (part.start < end) continue;
      text += this.#code.slice(end, part.start) + write(part);
      end = part.end;
    }
    return text + this.#code.slice(end, node.end);
  }

  #within(part: Node): string {
    if (part.type === "TemplateElement" || isText(part)) return this.textOf(part);
    return `__within(${this.textOf(part)}, ${this.#shown(part)})`;
  }

  #sum(left: Node, right: Node): string {
    const [before, after] = this.#around(left, right);
    if (isText(left) && isText(right)) return `${this.textOf(left)}${before}+${after}${this.textOf(right)}`;
    return this.#plus(this.textOf(left), `${before},${after}${this.textOf(right)}`, left, right);
  }

  #growth(target: Node, right: Node): string {
    const [before, after] = this.#around(target, right);
    const [written, added] = [this.textOf(target), this.textOf(right)];
    if (written === this.#ownTarget) return `${written}${before}+=${after}${added}`;
    // It would be evaluated twice: its own value is left unchecked.
    if (hasEffects(target)) return `${written}${before}+=${this.#plus("null", `,${after}${added}`, target, right)}`;
    return `${written}${before}=${this.#plus(written, `,${after}${added}`, target, right)}`;
  }

  #plus(left: string, rest: string, leftNode: Node, rightNode: Node): string {
    return `__plus(${left}${rest}, ${this.#shown(leftNode)}, ${this.#shown(rightNode)})`;
  }

  /** What stands between two operands, before and after their operator. */
  #around(left: Node, right: Node): readonly [string, string] {
    const between = this.#code.slice(left.end, right.start);
    const [operator = "", before = ""] = OPERATOR.exec(between) ?? [];
    return [before, between.slice(operator.length)];
  }

  /** The code of an operand as a literal, for the message. */
  #shown({ start, end }: Node): string {
    return JSON.stringify(this.#code.slice(start, end));
  }
}

function isText(node: Node): boolean {
  return node.type === "TemplateLiteral" || (node.type === "Literal" && "value" in node && node.value !== null);
}

function hasEffects(node: Node): boolean {
  return EFFECTS.has(node.type) || partsOf(node).some(hasEffects);
}

/** The parts of a node by where they begin; of two that begin together the longer one is first. */
function partsOf(node: Node): readonly Node[] {
  const values: readonly unknown[] = Object.values(node).flat();
  return values.filter(isNode).sort((left, right) => left.start - right.start || right.end - left.end);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
