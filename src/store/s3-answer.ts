import { RekilnError } from "../core/errors.ts";
import type { ErrorMeaning } from "../core/errors.ts";
import type { NoAnswerError } from "./s3-http.ts";

/** How S3 answered, whoever asked. `code` is S3's own, or "" for an answer without a body. */
export interface S3Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The store's clock, in milliseconds since 1970; undefined when it doesn't say. */
  readonly dateMs: number | undefined;
}

export type Verdict =
  | "done"
  | "absent"
  | "precondition-failed"
  | "conflict"
  | "throttled"
  /** Nobody knows whether it was done. */
  | "unknown"
  /** The credentials are too old. */
  | "expired"
  /** Clocks differ by more than a quarter of an hour. */
  | "skewed"
  | "empty-range"
  | "unsupported"
  | "refused";

const SKEW_MS = 300_000;
const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);

/**
 * What an answer means: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. A HEAD has no body, so that
 * there the status and the clock are all there is.
 */
export function judge(answer: S3Answer, nowMs: number): Verdict {
  const { status, code } = answer;
  if (status >= 200 && status < 300) return "done";
  if (EXPIRED.has(code)) return "expired";
  switch (status) {
    case 304:
    case 412:
      return "precondition-failed";
    case 404:
      return code === "NoSuchBucket" ? "refused" : "absent";
    case 409:
      return code === "ConditionalRequestConflict" || code === "OperationAborted" || code === ""
        ? "conflict"
        : "refused";
    case 416:
      return "empty-range";
    case 429:
    case 503:
      return "throttled";
    case 400:
      // Its body came too slowly, or was cut short.
      if (code === "RequestTimeout" || code === "IncompleteBody") return "unknown";
      // As an expired token of a HEAD is told.
      return code === "" ? "expired" : "refused";
    case 403:
      return isSkewed(answer, nowMs) ? "skewed" : code === "" ? "expired" : "refused";
    case 501:
      return "unsupported";
    default:
      return status >= 500 ? "unknown" : "refused";
  }
}

function isSkewed({ code, dateMs }: S3Answer, nowMs: number): boolean {
  if (dateMs === undefined) return false;
  return code === "RequestTimeTooSkewed" || (code === "" && Math.abs(dateMs - nowMs) > SKEW_MS);
}

interface Explanation extends Required<ErrorMeaning> {
  readonly says: string;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  NoSuchBucket: {
    code: "store-missing",
    disposition: "fatal",
    says: "There is no such bucket",
    hint: "Make the bucket, or correct its name in `store: s3(…)`.",
  },
  NotImplemented: {
    code: "store-unconditional",
    disposition: "fatal",
    says: "The store doesn't do what was asked",
    hint: "rekiln needs conditional writes (If-Match, If-None-Match): use a store that has them; rekiln doctor checks it.",
  },
  PermanentRedirect: {
    code: "store-region",
    disposition: "fatal",
    says: "The bucket is in another region",
    hint: 'Name its region: s3("s3://bucket", { region: "eu-central-1" }).',
  },
};

const FORBIDDEN: Explanation = {
  code: "store-forbidden",
  disposition: "retry",
  says: "The store refuses these credentials, or what they may do",
  hint: "They need s3:GetObject, s3:PutObject and s3:ListBucket; rekiln doctor says what is missing.",
};
const CREDENTIALS: Explanation = {
  code: "store-credentials",
  disposition: "retry",
  says: "The credentials have expired",
  hint: "Renew them (aws sso login, or whatever issued them).",
};
const THROTTLED: Explanation = {
  code: "store-throttled",
  disposition: "retry",
  says: "The store asks for fewer requests",
  hint: "It is asked again later, and more slowly.",
};
const UNKNOWN: Explanation = {
  code: "store-unreachable",
  disposition: "retry",
  says: "The store failed",
  hint: "It is asked again later.",
};
const REFUSED: Explanation = {
  code: "store-refused",
  disposition: "discard",
  says: "The store doesn't take the request",
  hint: "See what it says about it.",
};

function explanationOf({ status, code }: S3Answer, verdict: Verdict): Explanation {
  const known =
    EXPLANATIONS[code] ?? (status === 301 || status === 307 ? EXPLANATIONS["PermanentRedirect"] : undefined);
  if (known !== undefined) return known;
  if (verdict === "unsupported") return EXPLANATIONS["NotImplemented"] ?? REFUSED;
  if (EXPIRED.has(code)) return CREDENTIALS;
  if (verdict === "throttled") return THROTTLED;
  if (verdict === "unknown") return UNKNOWN;
  return status === 403 || status === 401 ? FORBIDDEN : REFUSED;
}

/** An answer as an error: `what` was asked for, like `s3://bucket/films/index.html`. */
export function answerError(what: string, answer: S3Answer, verdict: Verdict): RekilnError {
  const { code, disposition, says, hint } = explanationOf(answer, verdict);
  const detail = [String(answer.status), answer.code, answer.message].filter((part) => part !== "").join(" ");
  return new RekilnError({ code, disposition, hint, message: `${says}: ${what} (${detail}).` });
}

export function noAnswerError(what: string, error: NoAnswerError): RekilnError {
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_/.test(error.code);
  return new RekilnError({
    code: "store-unreachable",
    message: `The store brought no answer for ${what}: ${error.message}.`,
    disposition: isCertificate ? "fatal" : "retry",
    hint: isCertificate
      ? "Trust its certificate (NODE_EXTRA_CA_CERTS), or correct the endpoint."
      : "Check the endpoint and the network; it is asked again later.",
    cause: error,
  });
}

/** What the XML of an S3 error says. */
export function readErrorBody(body: string): { readonly code: string; readonly message: string } {
  const text = (name: string): string => new RegExp(`<${name}>([^<]{0,500})</${name}>`).exec(body)?.[1] ?? "";
  return { code: text("Code"), message: text("Message") };
}
