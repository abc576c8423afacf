import { RekilnError } from "../core/errors.ts";
import type { OutgoingMessage } from "./queue.ts";

const MAX_BODY_BYTES = 64 * 1024;
const MAX_DELAY_SECONDS = 900;
export const MAX_VISIBILITY_SECONDS = 43_200;

/** What SQS doesn't take and SQLite cuts off at: XML 1.0 has no such characters. JSON can write them all as escapes. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const REFUSED_CHARACTER = /[\0-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
const REASON_CHARACTERS = 1000;

function refusal(message: string, hint: string): RekilnError {
  return new RekilnError({ code: "queue-argument", message, disposition: "discard", hint });
}

/** @throws RekilnError `queue-argument` at the first message that no queue takes */
export function checkMessages(messages: readonly OutgoingMessage[]): void {
  for (const { body, delaySeconds = 0 } of messages) {
    checkBody(body);
    checkWhole("The delay", delaySeconds, 0, MAX_DELAY_SECONDS);
  }
}

function checkBody(body: string): void {
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  if (body.length * 3 > MAX_BODY_BYTES && Buffer.byteLength(body) > MAX_BODY_BYTES) {
    const size = `${Buffer.byteLength(body)} bytes`;
    throw refusal(
      `A message of ${size} is too large: ${MAX_BODY_BYTES} are allowed.`,
      "Send several smaller messages.",
    );
  }
  if (body === "") throw refusal("A message is empty.", "Send a JSON text.");
  if (!body.isWellFormed() || REFUSED_CHARACTER.test(body)) {
    throw refusal(
      "A message holds a control character or half a surrogate pair.",
      "Write such characters as JSON escapes, like \\uFFFF.",
    );
  }
}

/** @throws RekilnError `queue-argument` unless `value` is a whole number from `least` to `most` */
export function checkWhole(what: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw refusal(`${what} is ${value}.`, `It is a whole number from ${least} to ${most}.`);
}

/** A reason that every queue can keep. */
export function tidyReason(reason: string): string {
  return reason.slice(0, REASON_CHARACTERS).toWellFormed().replaceAll(new RegExp(REFUSED_CHARACTER, "g"), "\uFFFD");
}
