import { SlotError } from "./slot-value.ts";

/**
 * `left + right` as templates have it: undefined is an error, since it would be published as a word or as NaN, and null adds nothing, as
 * it prints nothing. Codes are for the message.
 * @throws SlotError
 */
export function plus(left: unknown, right: unknown, leftCode: string, rightCode: string): unknown {
  if (left === undefined) throw absent(leftCode);
  if (right === undefined) throw absent(rightCode);
  if (left === null) return right;
  if (right === null) return left;
  // JavaScript's own +, whatever the two are.
  return (left as string) + (right as string);
}

/**
 * A value of a template literal, by the same rule.
 * @throws SlotError
 */
export function within(value: unknown, code: string): unknown {
  if (value === undefined) throw absent(code);
  return value ?? "";
}

function absent(code: string): SlotError {
  return new SlotError('is undefined: test it with if first, or write (… ?? "") in its place', code);
}
