import { RekilnError } from "../core/errors.ts";
import type { StoreTrouble } from "./object-store.ts";
import type { Admission, RequestBudget } from "./request-budget.ts";
import type { RequestKind } from "./request-price.ts";
import { answerError, judge, noAnswerError } from "./s3-answer.ts";
import type { S3Answer, Verdict } from "./s3-answer.ts";
import type { S3Connection } from "./s3-connection.ts";
import { NoAnswerError } from "./s3-http.ts";

const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export interface AttemptSettings {
  readonly budget: RequestBudget;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** How a request ended: with an answer of which the verdict is one to act on, or not. */
export type Attempted<A extends S3Answer> =
  | { readonly kind: "answered"; readonly verdict: Exclude<Verdict, "throttled" | "unknown">; readonly answer: A }
  | { readonly kind: "unknown"; readonly error: RekilnError }
  | StoreTrouble;

export interface Attempt<A extends S3Answer> {
  readonly kind: RequestKind;
  /** For messages. */
  readonly what: string;
  /** Whether it may be done twice, so that one of which nobody knows is done again. */
  readonly isRepeatable: boolean;
  readonly send: () => Promise<A>;
}

/**
 * Sends a request when the budget lets it, and again while it is known that nothing was done and another try may help: after a
 * 503, a connection that failed, credentials that were renewed, a clock that was set right. Pauses grow and are random
 * ("full jitter", https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 */
export class S3Attempts {
  readonly #connection: S3Connection;
  readonly #settings: AttemptSettings;

  constructor(connection: S3Connection, settings: AttemptSettings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  async run<A extends S3Answer>(attempt: Attempt<A>, signal: AbortSignal | undefined): Promise<Attempted<A>> {
    let isCredentialsTried = false;
    let isClockTried = false;
    for (let tries = 1; ; tries++) {
      let admission: Admission;
      let answer: A | NoAnswerError;
      try {
        admission = await this.#settings.budget.admit(attempt.kind, signal);
        if (admission.kind === "deferred") return admission;
        answer = await attempt.send();
      } catch (error) {
        if (error instanceof RekilnError) return { kind: "refused", error };
        if (!(error instanceof NoAnswerError)) throw error;
        answer = error;
      }
      const ended = answer instanceof NoAnswerError ? this.#noAnswer(attempt, answer) : this.#answered(attempt, answer);
      if (ended.kind === "answered" && ended.verdict === "expired" && !isCredentialsTried) {
        isCredentialsTried = true;
        await this.#connection.renewCredentials();
        continue;
      }
      if (ended.kind === "answered" && ended.verdict === "skewed" && !isClockTried) {
        isClockTried = true;
        this.#setClock(ended.answer);
        continue;
      }
      const isWorthIt = ended.kind === "throttled" || ended.kind === "unreachable";
      if (!isWorthIt || isLast(tries) || isHopeless(ended)) return refusedIf(attempt, ended);
      await this.#settings.sleep(this.#pauseMs(tries), signal);
      signal?.throwIfAborted();
    }
  }

  #answered<A extends S3Answer>(attempt: Attempt<A>, answer: A): Attempted<A> {
    const { budget } = this.#settings;
    const verdict = judge(answer, this.#connection.now());
    if (verdict === "throttled") {
      budget.throttled();
      return { kind: "throttled", error: answerError(attempt.what, answer, verdict) };
    }
    if (verdict === "unknown") {
      const error = answerError(attempt.what, answer, verdict);
      return attempt.isRepeatable ? { kind: "unreachable", error } : { kind: "unknown", error };
    }
    if (attempt.kind === "put") budget.taken();
    return { kind: "answered", verdict, answer };
  }

  #noAnswer<A extends S3Answer>(attempt: Attempt<A>, noAnswer: NoAnswerError): Attempted<A> {
    const error = noAnswerError(attempt.what, noAnswer);
    return noAnswer.wasSent && !attempt.isRepeatable ? { kind: "unknown", error } : { kind: "unreachable", error };
  }

  #setClock({ dateMs }: S3Answer): void {
    if (dateMs !== undefined) this.#connection.skewMs += dateMs - this.#connection.now();
  }

  #pauseMs(tries: number): number {
    return this.#settings.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries);
  }
}

const isLast = (tries: number): boolean => tries >= ATTEMPTS_MAX;

function isHopeless(ended: { readonly kind: string; readonly error?: RekilnError }): boolean {
  return ended.error?.disposition === "fatal";
}

/** What is nobody's to act on is an error that says what to do. */
function refusedIf<A extends S3Answer>(attempt: Attempt<A>, ended: Attempted<A>): Attempted<A> {
  if (ended.kind !== "answered" || !["refused", "expired", "skewed"].includes(ended.verdict)) return ended;
  return { kind: "refused", error: answerError(attempt.what, ended.answer, ended.verdict) };
}
