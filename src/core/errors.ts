/** What the caller of a failed operation should do: try again, give this one up, or stop. */
export type Disposition = "retry" | "discard" | "fatal";

export interface RekilnErrorOptions {
  readonly code: string;
  readonly message: string;
  readonly disposition: Disposition;
  /** What the user can do about it, as a whole sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** What a code of somebody else's means to us, and to the user. */
export type ErrorMeaning = Omit<RekilnErrorOptions, "message" | "cause">;

/** An unexpected failure. Expected results are values; whatever is thrown on purpose is one of these. */
export class RekilnError extends Error {
  override readonly name = "RekilnError";
  readonly code: string;
  readonly disposition: Disposition;
  readonly hint: string | undefined;

  constructor(options: RekilnErrorOptions) {
    super(options.message, { cause: options.cause });
    this.code = options.code;
    this.disposition = options.disposition;
    this.hint = options.hint;
  }
}

/** The message of whatever was thrown, for people. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
