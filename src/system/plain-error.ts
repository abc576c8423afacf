import { RekilnError } from "../core/errors.ts";
import { isPassing } from "../core/passing-error.ts";

/** An error loses its class between threads: what people need of it is kept. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly disposition: string | undefined;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}

export function toPlain(error: unknown): PlainError {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(thrown, name);
    return typeof value === "string" ? value : undefined;
  };
  return {
    name: thrown.name,
    message: thrown.message,
    code: text("code"),
    disposition: text("disposition") ?? (isPassing(thrown) ? "retry" : undefined),
    hint: text("hint"),
    stack: thrown.stack,
  };
}

export function fromPlain(plain: PlainError): Error {
  const { code, disposition, hint, message } = plain;
  if (code !== undefined && (disposition === "retry" || disposition === "discard" || disposition === "fatal")) {
    return new RekilnError({ code, message, disposition, ...(hint === undefined ? {} : { hint }) });
  }
  const error = new Error(message);
  error.name = plain.name;
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}
