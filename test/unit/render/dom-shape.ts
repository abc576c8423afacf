import { defaultTreeAdapter as tree, parse, type DefaultTreeAdapterTypes } from "parse5";

/** The elements of a page with the names of their attributes, and its comments: all but text and attribute values. */
export function domShape(page: string, isScripted = true): string {
  return shapeOf(parse(page, { scriptingEnabled: isScripted }));
}

function shapeOf(node: DefaultTreeAdapterTypes.Node): string {
  if (tree.isTextNode(node)) return "";
  if (tree.isCommentNode(node)) return "<!---->";
  if (tree.isDocumentTypeNode(node)) return "<!doctype>";
  const inner = "childNodes" in node ? node.childNodes.map(shapeOf).join("") : "";
  if (!tree.isElementNode(node)) return inner;
  const names = node.attrs.map((attribute) => ` ${attribute.name}`).join("");
  const content = node.nodeName === "template" && "content" in node ? shapeOf(tree.getTemplateContent(node)) : "";
  return `<${node.tagName}${names}>${inner}${content}</>`;
}

/** The values of all attributes of that name. */
export function attributeValues(page: string, name: string): string[] {
  const found: string[] = [];
  const visit = (node: DefaultTreeAdapterTypes.Node): void => {
    if (tree.isElementNode(node))
      found.push(...node.attrs.filter((each) => each.name === name).map((each) => each.value));
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(parse(page));
  return found;
}

/** The text of the first element of that name. */
export function textOf(page: string, tag: string): string | undefined {
  let found: string | undefined;
  const visit = (node: DefaultTreeAdapterTypes.Node): void => {
    if (tree.isElementNode(node) && node.tagName === tag) {
      found ??= node.childNodes.map((child) => (tree.isTextNode(child) ? child.value : "")).join("");
    }
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(parse(page));
  return found;
}
