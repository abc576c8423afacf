import { parse } from "parse5";
import type { DefaultTreeAdapterTypes } from "parse5";

type Node = DefaultTreeAdapterTypes.ChildNode;

/** What a visitor gets of a page, however its markup is laid out. */
export interface PageSubstance {
  /** The title and the visible text, white space folded. */
  readonly text: string;
  /** Where its links lead, in order; style sheets and icons are no links. */
  readonly links: readonly string[];
}

/** Reads the substance of an HTML page. */
export function pageSubstance(html: string): PageSubstance {
  const words: string[] = [];
  const links: string[] = [];
  const visit = (node: Node): void => {
    if (node.nodeName === "#text" && "value" in node) words.push(node.value);
    if (node.nodeName === "script" || node.nodeName === "style") return;
    if ("attrs" in node) {
      const attributes = new Map(node.attrs.map(({ name, value }) => [name, value]));
      if (node.nodeName === "a") links.push(decodeURI(attributes.get("href") ?? ""));
    }
    if ("childNodes" in node) for (const child of node.childNodes) visit(child);
    words.push(" ");
  };
  for (const node of parse(html).childNodes) visit(node);
  return {
    text: words
      .join("")
      .replaceAll(/\s+/g, " ")
      .replaceAll(/ (?=[.,;:])/g, "")
      .trim(),
    links,
  };
}
