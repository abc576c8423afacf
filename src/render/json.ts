import { Html } from "../core/html.ts";
import { scriptJson } from "./escape.ts";

/** JSON that may stand in `<script>` and in `.json` and `.js` templates. Its `html` is JSON without `<`, `>` and `&`. */
export class ScriptJson extends Html {}

/**
 * Two uses. In a template, `json(value)` is the one value that a `<script>` takes: JSON in which nothing can end the element;
 * elsewhere it is written as text. As a route's `template: json`, it is a marker that is recognised by identity: such a page is
 * `renderJson` of what `load` returned, without the reserved names (`site`, `path`, `link`, `asset`).
 * @throws TypeError if the value has no JSON (undefined, a function, a cycle).
 */
export function json(value: unknown): Html {
  return new ScriptJson(scriptJson(renderJson(value)));
}

/**
 * The JSON of `data`, on one line.
 * @throws TypeError if it has none (undefined, a function, a cycle).
 */
export function renderJson(data: unknown): string {
  // The declared type leaves out that undefined and functions give undefined.
  const text = JSON.stringify(data) as string | undefined;
  if (text === undefined) {
    throw new TypeError(`${typeof data === "undefined" ? "undefined" : `a ${typeof data}`} can't be written as JSON`);
  }
  return text;
}
