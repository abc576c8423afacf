import { readFileSync } from "node:fs";

import { parseSync } from "oxc-parser";

/** The text of the doc comment that stands right before a place, without its stars. */
function docBefore(text: string, start: number): string {
  const found = /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*$/.exec(text.slice(0, start));
  return (found?.[1] ?? "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

interface Declared {
  readonly doc: string;
  /** As it is written, without a function's body. */
  readonly text: string;
  readonly members: readonly { readonly text: string; readonly doc: string }[];
}

/** What a file declares and exports, by name. */
function declarationsOf(file: URL): ReadonlyMap<string, Declared> {
  const text = readFileSync(file, "utf8");
  const found = new Map<string, Declared>();
  for (const node of parseSync(file.pathname, text).program.body) {
    if (node.type !== "ExportNamedDeclaration" || node.declaration === null) continue;
    const { declaration } = node;
    const doc = docBefore(text, node.start);
    const add = (name: string, end: number, members: Declared["members"] = []): void => {
      found.set(name, { doc, text: text.slice(declaration.start, end).trim(), members });
    };
    switch (declaration.type) {
      case "FunctionDeclaration":
        if (declaration.id !== null) add(declaration.id.name, declaration.body?.start ?? declaration.end);
        break;
      case "TSInterfaceDeclaration":
        add(
          declaration.id.name,
          declaration.body.start,
          declaration.body.body.map((member) => ({
            text: text
              .slice(member.start, member.end)
              .replace(/^readonly /, "")
              .replace(/;$/, "")
              .replaceAll(/\s+/g, " "),
            doc: docBefore(text.slice(0, member.start), member.start),
          })),
        );
        break;
      case "TSTypeAliasDeclaration":
        add(declaration.id.name, declaration.end);
        break;
      case "ClassDeclaration":
        if (declaration.id !== null) add(declaration.id.name, declaration.body.start);
        break;
      default:
        break;
    }
  }
  return found;
}

const cell = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ").replaceAll("|", "\\|");

/** Everything that the public API exports, in its order: how it is declared, and what its doc comment says. */
export function declarationReference(index: URL): readonly string[] {
  const text = readFileSync(index, "utf8");
  const lines: string[] = [];
  for (const node of parseSync(index.pathname, text).program.body) {
    if (node.type !== "ExportNamedDeclaration" || node.source === null) continue;
    const declared = declarationsOf(new URL(node.source.value, index));
    for (const specifier of node.specifiers) {
      const name = text.slice(specifier.exported.start, specifier.exported.end);
      const one = declared.get(name);
      lines.push(`### ${name}`, "");
      if (one === undefined) continue;
      if (one.members.length === 0) lines.push("```ts", one.text.replace(/\s*\{$/, ""), "```", "");
      if (one.doc !== "") lines.push(one.doc, "");
      if (one.members.length === 0) continue;
      lines.push("| | |", "|---|---|");
      lines.push(...one.members.map((member) => `| \`${cell(member.text)}\` | ${cell(member.doc)} |`), "");
    }
  }
  return lines;
}
