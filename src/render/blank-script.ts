import { readScriptCharacter, SCRIPT_START } from "./script-lexer.ts";

/**
 * JavaScript of the same length and lines, in which strings, comments and regular expressions are spaces (the quotes stay), so that
 * words and braces can be looked for.
 */
export function blankScript(code: string): string {
  const characters = Array.from({ length: code.length }, () => " ");
  let position = SCRIPT_START;
  for (let index = 0; index < code.length; index += 1) {
    const character = code.charAt(index);
    const next = readScriptCharacter(position, character, "javascript", true);
    const isQuote = (position.mode === "code") !== (next.mode === "code") && /["'`]/.test(character);
    const isHole = position.mode === "templateDollar" && next.mode === "code";
    const isCode = position.mode === "code" || (position.mode === "slash" && next.mode === "code");
    if (position.mode === "slash" && isCode) characters[index - 1] = "/";
    if (character === "\n" || isQuote || isHole || (isCode && next.mode !== "slash")) characters[index] = character;
    position = next;
  }
  return characters.join("");
}
