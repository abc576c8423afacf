import { Html } from "./html.ts";

/** JSON that may stand in a `<script>`: its `html` holds no `<`, `>` and `&`. */
export class ScriptJson extends Html {}

/** What could end a `<script>` or start markup, and the line ends that JSON allows and old JavaScript doesn't. */
const UNSAFE_IN_SCRIPT = /[<>&\u2028\u2029]/g;

function escaped(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * The JSON of a value, on one line.
 * @throws TypeError if it has none (undefined, a function, a cycle).
 */
export function jsonText(value: unknown): string {
  // The declared type leaves out that undefined and functions give undefined.
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) {
    throw new TypeError(`${value === undefined ? "undefined" : `a ${typeof value}`} can't be written as JSON`);
  }
  return text;
}

/**
 * As a route's `template`: the page is what `load` returned, as JSON; it is recognised by identity.
 * In a template: any value as JSON that may stand in a `<script>`: `<`, `>`, `&`, U+2028 and U+2029 are written as
 * `\u` escapes, which every JSON parser reads back.
 *
 * @throws TypeError if the value has no JSON (undefined, a function, a cycle).
 */
export function json(value: unknown): Html {
  return new ScriptJson(jsonText(value).replaceAll(UNSAFE_IN_SCRIPT, escaped));
}
