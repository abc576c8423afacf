import { readFileSync } from "node:fs";

/** A command as the docs have it, to be typed into a shell. */
export interface DocsCommand {
  readonly file: string;
  readonly text: string;
}

const SHELLS = new Set(["", "sh", "bash"]);
const COMMAND = /^(?:npx |npm |rekiln |echo |printf |curl |cd |mkdir )/;

/** The commands in the fenced blocks of a document, which have no language, or that of a shell. */
export function commandsOf(file: string): readonly DocsCommand[] {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url.split("?")[0]), "utf8");
  const commands: DocsCommand[] = [];
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const mark = /^```(.*)$/.exec(line)?.[1];
    if (mark !== undefined) fence = fence === undefined ? mark : undefined;
    else if (fence !== undefined && SHELLS.has(fence) && COMMAND.test(line)) {
      commands.push({ file, text: line.replace(/\s+#.*$/, "") });
    }
  }
  return commands;
}
