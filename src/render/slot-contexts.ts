import { codeScanner, plainScanner } from "./code-context.ts";
import { htmlScanner } from "./html-context.ts";
import type { ParsedTemplate, TagPart, TextPart } from "./parse-template.ts";
import { TemplateError } from "./renderer.ts";
import { ContextError, type ContextScanner, type SlotContext } from "./slot-context.ts";
import { templateBlocks, type Block, type BlockNode, type Jump } from "./template-blocks.ts";
import { templateKind } from "./template-kind.ts";
import { xmlScanner } from "./xml-context.ts";

/**
 * The context of each printing tag of a template, whichever way its branches and loops are taken.
 * @throws TemplateError where no value is safe, where two branches end at different places, and where the template ends inside markup.
 */
export function slotContexts(template: ParsedTemplate): ReadonlyMap<TagPart, SlotContext> {
  const nodes = templateBlocks(template);
  switch (templateKind(template.name)) {
    case "HTML":
      return new ContextWalk(template, htmlScanner).contextsOf(nodes);
    case "XML":
      return new ContextWalk(template, xmlScanner).contextsOf(nodes);
    case "JSON or JavaScript":
      return new ContextWalk(template, codeScanner("javascript")).contextsOf(nodes);
    case "CSS":
      return new ContextWalk(template, codeScanner("css")).contextsOf(nodes);
    case "plain text":
      return new ContextWalk(template, plainScanner).contextsOf(nodes);
  }
}

/** Walks over the blocks of one template with a scanner. */
class ContextWalk<S> {
  readonly #template: ParsedTemplate;
  readonly #scanner: ContextScanner<S>;
  readonly #contexts = new Map<TagPart, SlotContext>();
  /** Where the loops around this place began. */
  readonly #entries: S[] = [];

  constructor(template: ParsedTemplate, scanner: ContextScanner<S>) {
    this.#template = template;
    this.#scanner = scanner;
  }

  contextsOf(nodes: readonly BlockNode[]): ReadonlyMap<TagPart, SlotContext> {
    const open = this.#scanner.open(this.#walk(nodes, this.#scanner.start));
    if (open === undefined) return this.#contexts;
    const last = this.#template.parts.at(-1);
    const line = (last?.line ?? 1) + (last?.type === "text" ? last.text.trimEnd().split("\n").length - 1 : 0);
    throw this.#fail(
      line,
      `${open} is still open at the end: a template begins and ends outside of tags, so close it here`,
    );
  }

  #walk(nodes: readonly BlockNode[], start: S): S {
    let state = start;
    for (const node of nodes) {
      if (node.type === "text") state = this.#readText(node, state);
      else if (node.type === "block")
        state = node.kind === "choice" ? this.#walkChoice(node, state) : this.#walkRepeat(node, state);
      else if (node.type === "tag") state = node.mode === "run" ? state : this.#readSlot(node, state);
      else this.#checkJump(node, state);
    }
    return state;
  }

  #walkChoice(block: Block, entry: S): S {
    const ends = block.arms.map((arm) => this.#walk(arm, entry));
    return (block.isExhaustive ? ends : [...ends, entry]).reduce((a, b) => this.#join(block, a, b));
  }

  #walkRepeat(block: Block, entry: S): S {
    let before = entry;
    // The second round begins where the first ended: it must come out there again.
    for (let round = 1; round <= 3; round += 1) {
      this.#entries.push(before);
      const end = this.#walk(block.arms[0] ?? [], before);
      this.#entries.pop();
      const joined = this.#join(block, before, end);
      if (isSame(joined, before)) return joined;
      before = joined;
    }
    throw this.#fail(
      block.line,
      "the block that begins here ends at another place each time: let it begin and end outside of tags",
    );
  }

  #join(block: Block, a: S, b: S): S {
    const joined = this.#scanner.join(a, b);
    if (joined !== undefined) return joined;
    const [left, right] = [a, b].map((state) => this.#scanner.open(state) ?? "text");
    throw this.#fail(
      block.line,
      `the block that begins here ends in ${left ?? ""} one way and in ${right ?? ""} the other: each way must close what it opens`,
    );
  }

  #checkJump(jump: Jump, state: S): void {
    const entries = jump.isFar ? this.#entries : this.#entries.slice(-1);
    if (entries.every((entry) => isSame(entry, state))) return;
    throw this.#fail(
      jump.line,
      `\`${jump.word}\` stands at another place of the markup than where its loop or switch begins: move it out of the tag`,
    );
  }

  #readText(part: TextPart, state: S): S {
    try {
      return this.#scanner.readText(state, part.text);
    } catch (error) {
      if (!(error instanceof ContextError)) throw error;
      throw this.#fail(part.line + part.text.slice(0, error.offset).split("\n").length - 1, error.message);
    }
  }

  #readSlot(tag: TagPart, state: S): S {
    try {
      const slot = this.#scanner.readSlot(state);
      const known = this.#contexts.get(tag) ?? slot.context;
      if (known !== slot.context)
        throw new ContextError(`a value here would be ${known} the first time and ${slot.context} the next`);
      this.#contexts.set(tag, slot.context);
      return slot.state;
    } catch (error) {
      throw error instanceof ContextError ? this.#fail(tag.line, error.message) : error;
    }
  }

  #fail(line: number, message: string): TemplateError {
    return new TemplateError(this.#template.file, line, message);
  }
}

/** States are flat data without undefined. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
