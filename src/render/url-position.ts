import { isAllowedScheme } from "./escape.ts";
import { ContextError } from "./slot-context.ts";

/**
 * How far the static text of an address has come: `start`; within what may be a scheme (`prefix:java`); `slot`, after a value or a branch that may be
 * the beginning of a scheme; `safe`, past any scheme; `stuck`, where nothing may follow but static text.
 */
export type UrlPosition = "start" | `prefix:${string}` | "slot" | "safe" | "stuck";

/** Moves over one character of static text. */
export function readUrlCharacter(position: UrlPosition, character: string): UrlPosition {
  if (position === "safe" || position === "stuck") return position;
  if (position === "start" && character <= " ") return position;
  if (character === "/" || character === "?" || character === "#") return "safe";
  // A character reference may stand for anything, a colon too.
  if (character === "&") return "stuck";
  if (position === "slot") {
    if (character !== ":") return position;
    throw new ContextError(
      "a value before this colon could choose the scheme of the address: write the scheme out, or give the whole address as one value",
    );
  }
  const prefix = position === "start" ? "" : position.slice("prefix:".length);
  if (character !== ":") return `prefix:${prefix}${character}`;
  return isAllowedScheme(prefix) ? "safe" : "stuck";
}

/** Moves over a slot, and tells whether its value must be checked for a scheme. */
export function readUrlSlot(position: UrlPosition): { readonly isChecked: boolean; readonly position: UrlPosition } {
  if (position === "safe") return { isChecked: false, position };
  if (position === "start") return { isChecked: true, position: "slot" };
  throw new ContextError(
    "a value here could complete the scheme of an address (as in javascript:): give the whole address as one value, or put a / before the value",
  );
}

/** Where two branches of an address meet. */
export function joinUrlPositions(a: UrlPosition, b: UrlPosition): UrlPosition {
  if (a === b) return a;
  return a === "stuck" || b === "stuck" ? "stuck" : "slot";
}
