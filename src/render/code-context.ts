import {
  afterValue,
  isCode,
  joinScriptPositions,
  readScriptCharacter,
  SCRIPT_START,
  type ScriptLanguage,
  type ScriptPosition,
} from "./script-lexer.ts";
import { ContextError, type ContextScanner } from "./slot-context.ts";

/** Follows a `.js`, `.json` or `.css` template: a value may stand where a whole literal may, never in a string or comment. */
export function codeScanner(language: ScriptLanguage): ContextScanner<ScriptPosition> {
  return {
    start: SCRIPT_START,
    readText(state, code) {
      let next = state;
      for (const character of code) next = readScriptCharacter(next, character, language);
      return next;
    },
    readSlot(state) {
      const stands = isCode(state, language);
      if (stands === true) return { context: "json", state: afterValue(state) };
      throw new ContextError(
        stands === false
          ? "a value in a string, comment or pattern could end it: write json(value) where a whole value stands, without quotes around it"
          : "it can't be told whether this is in a string: put the data before any regular expression",
      );
    },
    join: joinScriptPositions,
    open(state) {
      return isCode(state, language) === false ? "a string, comment or pattern" : undefined;
    },
  };
}

/** For `robots.txt` and the like: no markup, so nothing to escape and nothing to refuse. */
export const plainScanner: ContextScanner<null> = {
  start: null,
  readText: () => null,
  readSlot: () => ({ context: "plain", state: null }),
  join: () => null,
  open: () => undefined,
};
