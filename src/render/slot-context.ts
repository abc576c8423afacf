/** Where in a document a slot stands; it decides how a value is written there. */
export type SlotContext =
  | "text"
  | "rcdata"
  | "attribute"
  | "url"
  | "srcset"
  | "script"
  | "xmlText"
  | "xmlAttribute"
  | "xmlUrl"
  | "plain"
  | "json";

/** A place where a slot, or a piece of markup, can't be made safe. `offset` counts in the text that was being read. */
export class ContextError extends Error {
  override readonly name = "ContextError";
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super(message);
    this.offset = offset;
  }
}

/** Follows the static text of a template, and tells at each slot where it stands. States are values: they are never changed. */
export interface ContextScanner<S> {
  readonly start: S;
  /** @throws ContextError where the text can't be followed with certainty. */
  readText(state: S, text: string): S;
  /** @throws ContextError where no value is safe; its message says what to do instead. */
  readSlot(state: S): { readonly context: SlotContext; readonly state: S };
  /** The state in which two ways through a template may go on as one, or undefined if they can't. */
  join(a: S, b: S): S | undefined;
  /** What is still open, for people; undefined where a template may end. */
  open(state: S): string | undefined;
}
