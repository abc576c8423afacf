/** One record of a Debian control file: field name to value; lines of a folded value are joined with a newline. */
export type Stanza = ReadonlyMap<string, string>;

const boundary = /\n(?:[ \t]*\n)+/;

/**
 * Reads the stanzas of a control file (deb822: `man 5 deb822`) from pieces of its text, cut anywhere.
 * Holds one piece and the stanza across its end, never the file.
 * @throws Error at a line that is neither a field nor the continuation of one, naming the stanza's first line.
 */
export async function* readStanzas(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Stanza> {
  let rest = "";
  for await (const piece of pieces) {
    const blocks = (rest + piece).split(boundary);
    // The last block may go on in the next piece.
    rest = blocks.pop() ?? "";
    for (const block of blocks) if (block.trim() !== "") yield parseStanza(block);
  }
  if (rest.trim() !== "") yield parseStanza(rest);
}

function parseStanza(block: string): Stanza {
  const fields = new Map<string, string>();
  let field: string | undefined;
  for (const line of block.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (field === undefined) throw malformed(line, block);
      fields.set(field, `${fields.get(field) ?? ""}\n${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(":");
    if (colon < 1) throw malformed(line, block);
    field = line.slice(0, colon);
    fields.set(field, line.slice(colon + 1).trim());
  }
  return fields;
}

function malformed(line: string, block: string): Error {
  return new Error(
    `not a control field: ${JSON.stringify(line)} (stanza ${JSON.stringify(block.trim().split("\n")[0])})`,
  );
}
